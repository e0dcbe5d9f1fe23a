# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A container's environment, from its spec, as a kubelet builds it. Pure: what it refers to is handed in."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.nodes import quantity

Json = dict[str, Any]
_REFERENCE = re.compile(r"\$(\$|\(([-._A-Za-z0-9]+)\))")
_SUBSCRIPT = re.compile(r"^metadata\.(labels|annotations)\['(.+)'\]$")


class ConfigurationError(Exception):
    """The container cannot start with this configuration (reason CreateContainerConfigError)."""


@dataclass
class Sources:
    """Everything an environment may refer to; None in a map means that the object does not exist."""

    pod: Json
    config_maps: Mapping[str, Json | None] = field(default_factory=dict)
    secrets: Mapping[str, Json | None] = field(default_factory=dict)
    allocatable: Mapping[str, str] = field(default_factory=dict)
    pod_ip: str = ""
    host_ip: str = ""


def references(containers: Iterable[Json]) -> tuple[set[str], set[str]]:
    """Return the names of the ConfigMaps and Secrets that the containers' environments need."""
    config_maps: set[str] = set()
    secrets: set[str] = set()
    for container in containers:
        for source in container.get("envFrom") or []:
            config_maps.update(ref["name"] for ref in [source.get("configMapRef")] if ref)
            secrets.update(ref["name"] for ref in [source.get("secretRef")] if ref)
        for variable in container.get("env") or []:
            value_from = variable.get("valueFrom") or {}
            config_maps.update(ref["name"] for ref in [value_from.get("configMapKeyRef")] if ref)
            secrets.update(ref["name"] for ref in [value_from.get("secretKeyRef")] if ref)
    return config_maps, secrets


def expand(text: str, values: Mapping[str, str]) -> str:
    """Replace $(NAME) by its value; an unknown one stays as written and $$ stands for one $."""

    def replace(match: re.Match[str]) -> str:
        if match.group(1) == "$":
            return "$"
        return values.get(match.group(2), match.group(0))

    return _REFERENCE.sub(replace, text)


def secret_data(secret: Json) -> dict[str, str]:
    """Return a Secret's data as text."""
    return {
        key: base64.b64decode(value).decode("utf-8", "surrogateescape")
        for key, value in (secret.get("data") or {}).items()
    }


def field_value(path: str, sources: Sources) -> str:
    """Return the value of a fieldRef.

    Raises:
        ConfigurationError: for a path that pods do not have.
    """
    pod = sources.pod
    subscript = _SUBSCRIPT.match(path)
    if subscript:
        return str((pod["metadata"].get(subscript.group(1)) or {}).get(subscript.group(2), ""))
    spec = pod["spec"]
    values = {
        "metadata.name": pod["metadata"]["name"],
        "metadata.namespace": pod["metadata"]["namespace"],
        "metadata.uid": pod["metadata"]["uid"],
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", "default"),
        "status.hostIP": sources.host_ip,
        "status.hostIPs": sources.host_ip,
        "status.podIP": sources.pod_ip,
        "status.podIPs": sources.pod_ip,
    }
    if path not in values:
        raise ConfigurationError(f"unsupported fieldPath: {path}")
    return str(values[path])


def resource_value(ref: Json, own: Json, sources: Sources) -> str:
    """Return the value of a resourceFieldRef; a limit that is not set is the node's allocatable amount.

    Raises:
        ConfigurationError: for a container that is not there.
    """
    container = own
    if ref.get("containerName"):
        named = [c for c in sources.pod["spec"]["containers"] if c["name"] == ref["containerName"]]
        if not named:
            raise ConfigurationError(f"container {ref['containerName']} not found")
        container = named[0]
    side, _, resource = str(ref["resource"]).partition(".")
    resources = container.get("resources") or {}
    amount = (resources.get(side) or {}).get(resource)
    if amount is None:
        amount = sources.allocatable.get(resource, "0") if side == "limits" else "0"
    return str(quantity.divided(str(amount), str(ref.get("divisor") or "1")))


def _keyed(kind: str, objects: Mapping[str, Json | None], ref: Json) -> str | None:
    item = objects.get(ref["name"])
    if item is None:
        if ref.get("optional"):
            return None
        raise ConfigurationError(f'{kind} "{ref["name"]}" not found')
    data = secret_data(item) if kind == "secret" else item.get("data") or {}
    if ref["key"] not in data:
        if ref.get("optional"):
            return None
        owner = "Secret" if kind == "secret" else "ConfigMap"
        raise ConfigurationError(f"couldn't find key {ref['key']} in {owner} {ref['name']}")
    return str(data[ref["key"]])


def _from_all(container: Json, sources: Sources) -> dict[str, str]:
    values: dict[str, str] = {}
    for source in container.get("envFrom") or []:
        kind = "secret" if source.get("secretRef") else "configmap"
        ref = source.get("secretRef") or source.get("configMapRef") or {}
        item = (sources.secrets if kind == "secret" else sources.config_maps).get(ref["name"])
        if item is None:
            if ref.get("optional"):
                continue
            raise ConfigurationError(f'{kind} "{ref["name"]}" not found')
        data = secret_data(item) if kind == "secret" else item.get("data") or {}
        values.update({f"{source.get('prefix', '')}{key}": str(value) for key, value in data.items()})
    return values


def resolve(container: Json, sources: Sources) -> dict[str, str]:
    """Return the environment that the container's spec asks for.

    Raises:
        ConfigurationError: when something that is not optional is missing.
    """
    values = _from_all(container, sources)
    for variable in container.get("env") or []:
        name = variable["name"]
        origin = variable.get("valueFrom")
        if not origin:
            values[name] = expand(str(variable.get("value") or ""), values)
            continue
        found: str | None
        if origin.get("fieldRef"):
            found = field_value(origin["fieldRef"]["fieldPath"], sources)
        elif origin.get("resourceFieldRef"):
            found = resource_value(origin["resourceFieldRef"], container, sources)
        elif origin.get("secretKeyRef"):
            found = _keyed("secret", sources.secrets, origin["secretKeyRef"])
        elif origin.get("configMapKeyRef"):
            found = _keyed("configmap", sources.config_maps, origin["configMapKeyRef"])
        else:
            raise ConfigurationError(f"variable {name} has a source of an unknown kind")
        if found is not None:
            values[name] = found
    return values


def command_line(container: Json, values: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Return (command, args) with $(NAME) replaced."""
    command = [expand(str(word), values) for word in container.get("command") or []]
    args = [expand(str(word), values) for word in container.get("args") or []]
    return command, args
