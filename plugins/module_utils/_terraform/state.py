# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What Terraform's state holds, read from `terraform state pull`."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass


@dataclass(frozen=True)
class Instance:
    """One resource instance in the state.

    Attributes:
        address: as Terraform writes it.
        kind: resource type, for example aws_vpc.
        tainted: its creation did not come to its end, or somebody marked it for replacement.
        attributes: what Terraform knows of it.
    """

    address: str
    kind: str
    tainted: bool
    attributes: dict[str, t.Any]


def instances(text: str) -> list[Instance]:
    """Return the managed resources of a state, data sources left out, in the order of their addresses.

    Raises:
        ValueError: it is no state of format 4.
    """
    if not text.strip():
        return []
    state = json.loads(text)
    if not isinstance(state, dict) or state.get("version") != 4:
        raise ValueError("the state is not of format 4")
    found = []
    for resource in state.get("resources") or []:
        if resource.get("mode") != "managed":
            continue
        prefix = f"{resource['module']}." if resource.get("module") else ""
        for instance in resource.get("instances") or []:
            # A deposed instance only waits for its deletion; the address belongs to its successor.
            if instance.get("deposed"):
                continue
            found.append(
                Instance(
                    address=f"{prefix}{resource['type']}.{resource['name']}{_index(instance.get('index_key'))}",
                    kind=resource["type"],
                    tainted=instance.get("status") == "tainted",
                    attributes=instance.get("attributes") or {},
                )
            )
    return sorted(found, key=lambda item: item.address)


def _index(key: t.Any) -> str:
    if key is None:
        return ""
    return f"[{key}]" if isinstance(key, int) else f"[{json.dumps(key, ensure_ascii=False)}]"
