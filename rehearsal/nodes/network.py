# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The pod network that is not there: which local port stands for which port of which pod."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from rehearsal import ports

Json = dict[str, Any]
# EKS clusters that give pods a secondary CIDR use this range (RFC 6598).
_RANGE = ipaddress.ip_network("100.64.0.0/16")
_FIRST = 10


class Network:
    """Pod addresses and port mappings of one cluster."""

    def __init__(self) -> None:
        """Start empty."""
        self._addresses: dict[str, str] = {}  # pod uid -> address
        self._ports: dict[str, dict[int, int]] = {}  # pod uid -> container port -> local port
        self._next = _FIRST

    def address(self, uid: str, remembered: str = "") -> str:
        """Return a pod's address; one that it had before is kept when free."""
        if uid not in self._addresses:
            taken = set(self._addresses.values())
            if remembered and remembered not in taken:
                self._addresses[uid] = remembered
            else:
                while (candidate := str(_RANGE[self._next])) in taken:
                    self._next += 1
                self._addresses[uid] = candidate
                self._next = _FIRST + (self._next - _FIRST + 1) % (_RANGE.num_addresses - 2 * _FIRST)
        return self._addresses[uid]

    def map_ports(self, uid: str, container_ports: Iterable[int]) -> dict[int, int]:
        """Give each of a pod's ports a free local one; ports mapped before keep theirs."""
        mapping = self._ports.setdefault(uid, {})
        for port in container_ports:
            if port not in mapping:
                taken = [local for other in self._ports.values() for local in other.values()]
                mapping[port] = ports.choose(None, taken)
        return dict(mapping)

    def release(self, uid: str) -> None:
        """Forget a pod."""
        self._addresses.pop(uid, None)
        self._ports.pop(uid, None)

    def local_port(self, uid: str, port: int) -> int | None:
        """Return the local port behind a pod's port."""
        return self._ports.get(uid, {}).get(port)

    def pod_at(self, address: str) -> str | None:
        """Return the uid of the pod with this address."""
        return next((uid for uid, own in self._addresses.items() if own == address), None)


def target_port(service: Json, port: int, pod: Json) -> int | None:
    """Return the port of a pod that a service's port leads to, None when there is none."""
    for entry in service["spec"].get("ports") or []:
        if int(entry["port"]) != port:
            continue
        target = entry.get("targetPort", entry["port"])
        if isinstance(target, int) or str(target).isdigit():
            return int(target)
        for container in pod["spec"]["containers"]:
            for declared in container.get("ports") or []:
                if declared.get("name") == target:
                    return int(declared["containerPort"])
    return None


def selects(service: Json, pod: Json) -> bool:
    """Tell whether a service has this pod behind it."""
    selector: Mapping[str, str] = service["spec"].get("selector") or {}
    labels = pod["metadata"].get("labels") or {}
    same_namespace = service["metadata"]["namespace"] == pod["metadata"]["namespace"]
    return bool(selector) and same_namespace and all(labels.get(key) == value for key, value in selector.items())


def is_ready(pod: Json) -> bool:
    """Tell whether a pod takes traffic."""
    rows = (pod.get("status") or {}).get("conditions") or []
    alive = not pod["metadata"].get("deletionTimestamp")
    return alive and any(row["type"] == "Ready" and row["status"] == "True" for row in rows)
