# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Read what Karpenter says about a pod that it makes no node for. Pure.

It says one thing for every NodePool, in one sentence, for example that one pool has reached its limits and that the pod
does not select another. Only what is about the pod's own pool tells why.
"""

from __future__ import annotations

import re

POOL_LABEL = "karpenter.sh/nodepool"
_OPENING = re.compile(r"^Failed to schedule pod, ")
# How a part names the pool that it is about: 1.15 and newer, its requirements, releases before.
_NAMES = (
    re.compile(r"\(NodePool=(?P<pool>[^)]+)\)"),
    re.compile(r"karpenter\.sh/nodepool In \[(?P<pool>[^\]]+)\]"),
    re.compile(r'nodepool:? "(?P<pool>[^"]+)"'),
)


def relevant(message: str, pool: str) -> str:
    """Return the parts of a message that are about a pod of this pool ("" = it may use any); all when none is."""
    parts = re.split(r"; (?![^\[{]*[\]}])", _OPENING.sub("", message))
    if not pool:
        return "; ".join(parts)
    mine = [part for part in parts if not _elsewhere(part, pool)]
    return "; ".join(mine or parts)


def _elsewhere(part: str, pool: str) -> bool:
    """Say whether a part is about another pool."""
    if re.search(rf"incompatible requirements, key {re.escape(POOL_LABEL)}\b", part):
        return True
    for pattern in _NAMES:
        match = pattern.search(part)
        if match:
            return match["pool"] != pool
    return False
