# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Custom resource definitions of the group nvidia.com, as the operator image carries them.

The files beside this module are ordinary definitions except for `$include: <name>`, which stands for
`schemas/<name>.yaml`; keys beside it are merged in (`properties` key by key).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent


def _read(path: Path) -> Any:
    with path.open(encoding="utf-8") as stream:
        return yaml.safe_load(stream)


def _merge(base: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in extra.items():
        if key == "properties" and isinstance(merged.get(key), dict):
            merged[key] = {**merged[key], **value}
        else:
            merged[key] = value
    return merged


def resolve(node: Any, folder: Path = FOLDER) -> Any:
    """Replace every `$include` below `node`.

    Raises:
        FileNotFoundError: an include names no file in `schemas/`.
    """
    if isinstance(node, list):
        return [resolve(item, folder) for item in node]
    if not isinstance(node, dict):
        return node
    own = {key: resolve(value, folder) for key, value in node.items() if key != "$include"}
    if "$include" not in node:
        return own
    return _merge(resolve(_read(folder / "schemas" / f"{node['$include']}.yaml"), folder), own)


def load(service_name: str, service_namespace: str, folder: Path = FOLDER) -> list[dict[str, Any]]:
    """Return all definitions, their conversion webhooks pointing at the given Service."""
    definitions: list[dict[str, Any]] = [resolve(_read(path), folder) for path in sorted(folder.glob("*.yaml"))]
    for definition in definitions:
        webhook = definition["spec"].get("conversion", {}).get("webhook")
        if webhook:
            webhook["clientConfig"]["service"] |= {"name": service_name, "namespace": service_namespace}
    return definitions


def load_old() -> dict[str, dict[str, Any]]:
    """Return the definitions of the age of 0.4 by file name: v1alpha1 alone, no conversion."""
    return {path.name: resolve(_read(path)) for path in sorted((FOLDER / "old").glob("*.yaml"))}
