# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What changed between releases of Dynamo in a way that a running platform or graph notices. Data.

Source: Dynamo's release notes and its list of deprecations; what an operator does with graphs of another age was seen
on a real API server.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

# The newest patch of every minor release: the steps of a way from one release to another.
RELEASES = (
    "0.4.1",
    "0.5.1",
    "0.6.1",
    "0.7.1",
    "0.8.1",
    "0.9.1",
    "1.0.2",
    "1.1.1",
    "1.2.1",
    "1.3.1",
    "1.4.2",
    "1.5.1",
    "1.6.1",
)
# An operator looks after runtimes of its own minor release and of so many before it.
WINDOW = 2
# No way back from the first release of these: CRDs and stored objects are of another form from there on.
ONE_WAY = {
    "1.0.0": "the definitions belong to the operator's image from 1.0 on, and graphs are converted by its webhook",
    "1.5.0": "graphs are stored as v1beta1 from 1.5 on, which older releases do not read",
}


@dataclass(frozen=True)
class Change:
    """One change that breaks something.

    Attributes:
        since: the first release that has it.
        name: short name, for tests and reports.
        text: what changed, as a sentence without its full stop.
        pattern: what a graph that is concerned has in the JSON of its spec; None when that is not how to tell.
        carried: whether a graph with this can be written again for the new release as it stands.
    """

    since: str
    name: str
    text: str
    pattern: t.Pattern[str] | None = None
    carried: bool = False


def _words(*words: str) -> t.Pattern[str]:
    return re.compile("|".join(rf"(?<![\w-]){re.escape(word)}(?![\w-])" for word in words))


CHANGES = (
    Change(
        "0.6.0",
        "sglang_modules",
        "dynamo.sglang.worker and its siblings are one module, dynamo.sglang",
        _words("dynamo.sglang.worker", "dynamo.sglang.decode_worker", "dynamo.sglang.prefill_worker"),
    ),
    Change("0.7.0", "cluster_wide", "one operator looks after the whole cluster"),
    Change("0.7.0", "autoscaling", "autoscaling of a component is ignored", re.compile(r'"autoscaling": ?\{"'), True),
    Change(
        "0.8.0", "discovery", "workers are found through the Kubernetes API; runtimes before 0.8 need etcd and NATS"
    ),
    Change(
        "1.0.0", "worker_hash", "names of workers carry a hash: the workers of older graphs would run a second time"
    ),
    Change("1.0.0", "definitions", "the chart dynamo-crds is gone; the operator brings its definitions itself"),
    Change("1.0.0", "stores", "etcd is not installed any more"),
    Change("1.0.0", "store_kv", "--store-kv is called --discovery-backend", _words("--store-kv")),
    Change("1.0.0", "connector", "vLLM's --connector is --kv-transfer-config", _words("--connector")),
    Change("1.0.0", "per_service_pvc", "claims of a component are claims of the graph", re.compile(r'"pvc": ?\{"')),
    Change(
        "1.3.0", "efa_tags", "images for EFA end with -efa; those with -efa-amd64 are gone", re.compile(r"-efa-amd64\b")
    ),
    Change(
        "1.4.0",
        "image_tags",
        "the tag of an image must be a version, unless runtimeVersionOverride says which it is",
    ),
    Change("1.4.0", "message_bus", "NATS is not installed any more"),
    Change(
        "1.4.0",
        "worker_roles",
        "--is-prefill-worker and --is-decode-worker are --disaggregation-mode",
        _words("--is-prefill-worker", "--is-decode-worker"),
    ),
    Change("1.4.0", "router_states", "--router-reset-states is gone", _words("--router-reset-states")),
    Change("1.5.0", "checkpoints", "DynamoCheckpoint is gone", re.compile(r'"checkpoint": ?\{"')),
    Change(
        "1.6.0",
        "init_containers",
        "an init container may not be called runtime",
        re.compile(r'"initContainers": ?\[[^\]]*"name": ?"runtime"'),
    ),
)

# Schedulers that Dynamo works with: the oldest version for each release from `since` on ("" for the first unsuitable).
# Source: Dynamo's support matrix, 1.0 to 1.6.
SCHEDULERS: dict[str, tuple[dict[str, str], ...]] = {
    "grove": (
        {"since": "1.0.0", "minimum": "0.1.0-alpha.6", "below": ""},
        {"since": "1.1.0", "minimum": "0.1.0-alpha.8", "below": ""},
        {"since": "1.3.0", "minimum": "0.1.0-alpha.8", "below": "0.1.0-alpha.9"},
        {"since": "1.4.0", "minimum": "0.1.0-alpha.12", "below": ""},
        {"since": "1.5.0", "minimum": "0.1.0-alpha.13", "below": ""},
        {"since": "1.6.0", "minimum": "0.1.0-alpha.14", "below": ""},
    ),
    "kai-scheduler": (
        {"since": "1.0.0", "minimum": "0.13.0", "below": ""},
        {"since": "1.1.0", "minimum": "0.13.4", "below": ""},
        {"since": "1.5.0", "minimum": "0.17.0", "below": ""},
    ),
    "lws": ({"since": "0.4.0", "minimum": "0.7.0", "below": ""},),
}
