# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Names and sizes of images, for lines of progress. Pure.

A kubelet tells the size of an image in the event that ends a pull, and its node lists what it has. An image that no
node of the cluster has had yet is of unknown size.
"""

from __future__ import annotations

import re
import typing as t

from .snapshot import Json

_PULLED = re.compile(r'^Successfully pulled image "(?P<image>[^"]+)".*?Image size: (?P<bytes>\d+) bytes')


def short(image: str) -> str:
    """Return the last part of a reference, for example `vllm-runtime:1.6.1`; a digest is cut."""
    return image.rsplit("/", 1)[-1].partition("@")[0]


def size(number: int) -> str:
    """Return a size as people say it, in powers of ten as registries do: 4.2 GB, 310 MB."""
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{max(1, round(number / 1e6))} MB"


def sizes_from_events(events: t.Iterable[Json]) -> dict[str, int]:
    """Return bytes by image, as far as pulls have ended."""
    found = {}
    for event in events:
        match = _PULLED.match(str(event.get("message") or "")) if event.get("reason") == "Pulled" else None
        if match:
            found[match["image"]] = int(match["bytes"])
    return found


def sizes_from_nodes(nodes: t.Iterable[Json]) -> dict[str, int]:
    """Return bytes by image, as far as nodes have them."""
    return {
        str(name): int(entry.get("sizeBytes") or 0)
        for node in nodes
        for entry in (node.get("status") or {}).get("images") or []
        for name in entry.get("names") or []
        if entry.get("sizeBytes")
    }
