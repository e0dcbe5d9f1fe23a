# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Volumes as directories: what their files contain (pure), and writing them."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal.nodes.pods.environment import ConfigurationError, Sources, field_value, resource_value

Json = dict[str, Any]
_DEFAULT_TOKEN_SECONDS = 3600


@dataclass
class Contents:
    """What a volume's files contain besides ConfigMaps and Secrets: tokens by (audience, seconds)."""

    sources: Sources
    tokens: Mapping[tuple[str, int], str] = field(default_factory=dict)


@dataclass(frozen=True)
class Needs:
    """Names of the objects that a pod's volumes refer to."""

    config_maps: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()
    tokens: frozenset[tuple[str, int]] = frozenset()


def _parts(volume: Json) -> list[tuple[str, Json]]:
    """Split a volume into (kind, source); a projected one has several."""
    if "projected" in volume:
        return [(kind, source[kind]) for source in volume["projected"].get("sources") or [] for kind in source]
    for kind in ("configMap", "secret", "downwardAPI"):
        if kind in volume:
            return [(kind, volume[kind])]
    return []


def _secret_name(source: Json) -> str:
    return str(source.get("secretName") or source.get("name") or "")


def _token_key(source: Json) -> tuple[str, int]:
    return (str(source.get("audience") or ""), int(source.get("expirationSeconds") or _DEFAULT_TOKEN_SECONDS))


def needs(volumes: Iterable[Json]) -> Needs:
    """Return what has to be fetched before the volumes can be written."""
    config_maps, secrets, tokens = set(), set(), set()
    for volume in volumes:
        for kind, source in _parts(volume):
            if kind == "configMap":
                config_maps.add(str(source["name"]))
            elif kind == "secret":
                secrets.add(_secret_name(source))
            elif kind == "serviceAccountToken":
                tokens.add(_token_key(source))
    return Needs(frozenset(config_maps), frozenset(secrets), frozenset(tokens))


def _object_files(kind: str, name: str, item: Json | None, source: Json) -> dict[str, bytes]:
    if item is None:
        if source.get("optional"):
            return {}
        raise ConfigurationError(f'{kind} "{name}" not found')
    data = {key: str(value).encode() for key, value in (item.get("data") or {}).items()}
    if kind == "secret":
        data = {key: base64.b64decode(value) for key, value in (item.get("data") or {}).items()}
    data.update({key: base64.b64decode(value) for key, value in (item.get("binaryData") or {}).items()})
    if not source.get("items"):
        return data
    files = {}
    for entry in source["items"]:
        if entry["key"] in data:
            files[str(entry["path"])] = data[entry["key"]]
        elif not source.get("optional"):
            raise ConfigurationError(f"references non-existent {kind} key: {entry['key']}")
    return files


def _downward_files(source: Json, sources: Sources) -> dict[str, bytes]:
    files = {}
    for item in source.get("items") or []:
        if "fieldRef" in item:
            path = item["fieldRef"]["fieldPath"]
            if path in ("metadata.labels", "metadata.annotations"):
                pairs = sources.pod["metadata"].get(path.partition(".")[2]) or {}
                text = "\n".join(f'{key}="{value}"' for key, value in sorted(pairs.items()))
            else:
                text = field_value(path, sources)
        else:
            text = resource_value(item["resourceFieldRef"], sources.pod["spec"]["containers"][0], sources)
        files[str(item["path"])] = text.encode()
    return files


def files_of(volume: Json, contents: Contents) -> dict[str, bytes]:
    """Return a volume's files by relative path; a volume without given contents (emptyDir …) has none.

    Raises:
        ConfigurationError: when something that is not optional is missing.
    """
    files: dict[str, bytes] = {}
    for kind, source in _parts(volume):
        if kind == "configMap":
            name = str(source["name"])
            files.update(_object_files("configmap", name, contents.sources.config_maps.get(name), source))
        elif kind == "secret":
            name = _secret_name(source)
            files.update(_object_files("secret", name, contents.sources.secrets.get(name), source))
        elif kind == "downwardAPI":
            files.update(_downward_files(source, contents.sources))
        elif kind == "serviceAccountToken":
            files[str(source["path"])] = contents.tokens[_token_key(source)].encode()
    return files


def directory(volume: Json, pod_dir: Path, claims_dir: Path, namespace: str) -> Path:
    """Return where a volume lies: claims are shared by all pods of the cluster, everything else is the pod's own."""
    claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
    if claim:
        return claims_dir / namespace / str(claim)
    return pod_dir / "volumes" / str(volume["name"])


def write(root: Path, files: Mapping[str, bytes]) -> bool:
    """Make a directory hold these files (each replaced atomically); return whether anything changed.

    Raises:
        ConfigurationError: for a path that leads out of the volume.
    """
    root.mkdir(parents=True, exist_ok=True)
    changed = False
    for relative, content in files.items():
        path = root / relative
        if ".." in Path(relative).parts or path == root:
            raise ConfigurationError(f"path {relative!r} leads out of the volume")
        if path.is_file() and path.read_bytes() == content:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.new")
        with contextlib.suppress(FileNotFoundError):
            fresh.unlink()
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
        fresh.replace(path)
        changed = True
    return changed


def remove(directory: Path) -> None:
    """Delete a directory of a pod, with all that its processes wrote there."""
    shutil.rmtree(directory, ignore_errors=True)
