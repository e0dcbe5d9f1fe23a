# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What every pod of the agent works with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from rehearsal.nodes.addresses import Addresses
from rehearsal.nodes.config import AgentConfig
from rehearsal.nodes.events import Events
from rehearsal.nodes.faults import Faults
from rehearsal.nodes.informer import Store
from rehearsal.nodes.kube import Kube
from rehearsal.nodes.network import Network
from rehearsal.nodes.reaper import Reaper
from rehearsal.nodes.workshop import Workshop

# (namespace, service account, pod uid) -> environment variables of EKS Pod Identity, {} without an association
IdentityLookup = Callable[[str, str, str], Awaitable[dict[str, str]]]


@dataclass
class Context:
    """Shared parts of one agent."""

    config: AgentConfig
    kube: Kube
    events: Events
    network: Network
    reaper: Reaper
    faults: Faults
    nodes: Store
    identity: IdentityLookup
    addresses: Addresses
    workshop: Workshop
    pulled: set[tuple[str, str]] = field(default_factory=set)  # (node, image): a node's image store
