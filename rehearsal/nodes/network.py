# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The pod network that is not there: which local port stands for which port of which pod."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from rehearsal import ports

Json = dict[str, Any]
# EKS clusters that give pods a secondary CIDR use this range (RFC 6598).
_RANGE = ipaddress.ip_network("100.64.0.0/16")
_FIRST = 10

# Below the kernel's ephemeral ports, so that no outgoing connection takes one between choice and use; and a signed
# 16-bit number, which is what Dynamo reads DYN_SYSTEM_PORT into.
_LOCAL_PORTS = range(20000, 32000)


def free_port(taken: Collection[int]) -> int:
    """Return a free local port that is not among `taken`.

    Raises:
        OSError: when there is none left.
    """
    start = secrets.randbelow(len(_LOCAL_PORTS))
    for index in range(len(_LOCAL_PORTS)):
        port = _LOCAL_PORTS[(start + index) % len(_LOCAL_PORTS)]
        if port not in taken and ports.is_free(port):
            return port
    raise OSError("Failed to find a free port for a pod: all are taken. End what listens on 20000-31999.")


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
        """Give the ports of a container that is about to start free local ones; return all of its pod's.

        A port keeps its local one from start to start, unless a stranger has taken that in between.
        """
        mapping = self._ports.setdefault(uid, {})
        for port in container_ports:
            if port not in mapping or not ports.is_free(mapping[port]):
                taken = {local for other in self._ports.values() for local in other.values()}
                mapping[port] = free_port(taken)
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
