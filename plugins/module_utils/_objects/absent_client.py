# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The questions and deletions of the removal loop, on a real API server."""

from __future__ import annotations

import typing as t

from .._kube.client import Json, KubeError, Resource
from .absent import Selector
from .client import ApiCluster
from .predicates import Object


class DeletingCluster(ApiCluster):
    """A cluster in which objects may be deleted."""

    def _resource(self, api_version: str, kind: str) -> Resource | None:
        """As for every kind; a bare group ("nvidia.com") means the version that the API server prefers of it."""
        if "/" in api_version or "." not in api_version:
            return super()._resource(api_version, kind)
        group = self._discover(f"/apis/{api_version}")
        preferred = ((group or {}).get("preferredVersion") or {}).get("groupVersion")
        return super()._resource(str(preferred), kind) if preferred else None

    def select(self, selector: Selector) -> list[Json]:
        """List the objects that match; none when the kind is not installed."""
        resource = self._resource(selector.api_version, selector.kind)
        if resource is None:
            return []
        if selector.name and not selector.label_selector:
            one = self._client.find(resource.path(selector.namespace, selector.name))
            found = [one] if one else []
        else:
            by_name = f"metadata.name={selector.name}" if selector.name else ""
            given = {"labelSelector": selector.label_selector, "fieldSelector": selector.field_selector or by_name}
            query = {key: value for key, value in given.items() if value}
            found = self._client.items(resource, selector.namespace, query)
        return [obj for obj in found if is_annotated(obj, selector.annotations)]

    def delete(self, selector: Selector, obj: Object, propagation: str) -> None:
        """Ask for the deletion of exactly this object (by its uid); it may be gone already."""
        meta: t.Mapping[str, t.Any] = obj["metadata"]
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": propagation,
            "preconditions": {"uid": meta["uid"]},
        }
        resource = self._resource(selector.api_version, selector.kind)
        if resource is None:
            return
        try:
            self._client.delete(resource.path(str(meta.get("namespace") or ""), str(meta["name"])), options)
        except KubeError as error:
            # Gone, or another object took the name in between; the next look finds that one under its own uid.
            if error.status not in (404, 409):
                raise

    def merge(self, selector: Selector, obj: Object, patch: t.Mapping[str, t.Any]) -> None:
        """Merge a patch into one object; it may be gone already."""
        meta: t.Mapping[str, t.Any] = obj["metadata"]
        resource = self._resource(selector.api_version, selector.kind)
        if resource is None:
            return
        try:
            self._client.merge(resource.path(str(meta.get("namespace") or ""), str(meta["name"])), dict(patch))
        except KubeError as error:
            if error.status != 404:
                raise


def is_annotated(obj: Object, wanted: t.Mapping[str, str]) -> bool:
    """Tell whether an object carries these annotations."""
    found = obj["metadata"].get("annotations") or {}
    return all(found.get(key) == value for key, value in wanted.items())
