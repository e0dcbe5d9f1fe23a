# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Merging one patch into all objects that a selector matches, and only where it changes something."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._kube.client import KubeError
from .absent import Selector, title
from .predicates import Object
from .wait import REFUSALS


class Cluster(t.Protocol):
    """What is asked of a cluster, and done to it."""

    def select(self, selector: Selector) -> t.Sequence[Object]:
        """List the objects that match; none when the kind is not installed."""

    def merge(self, selector: Selector, obj: Object, patch: t.Mapping[str, t.Any]) -> None:
        """Merge a patch into one object; it may be gone already."""


@dataclass
class Result:
    """What was patched, and what refused it."""

    patched: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def apply(cluster: Cluster, wanted: t.Sequence[tuple[Selector, t.Mapping[str, t.Any]]], change: bool = True) -> Result:
    """Patch everything that matches; one that refuses does not keep the others. Raises KubeError without access."""
    result = Result()
    for selector, patch in wanted:
        for obj in cluster.select(selector):
            if not would_change(obj, patch):
                continue
            try:
                if change:
                    cluster.merge(selector, obj, patch)
                result.patched.append(title(selector, obj))
            except KubeError as error:
                if error.status in (0, *REFUSALS):
                    raise
                result.refused.append(f"{title(selector, obj)}: {error}")
    return result


def would_change(found: t.Any, patch: t.Any) -> bool:
    """Tell whether a JSON merge patch changes anything: null removes, mappings merge, everything else replaces."""
    if not isinstance(patch, t.Mapping):
        return bool(found != patch)
    if not isinstance(found, t.Mapping):
        return any(value is not None for value in patch.values()) or (found is None and not patch)
    return any(key in found if value is None else would_change(found.get(key), value) for key, value in patch.items())
