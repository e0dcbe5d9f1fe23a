# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Create an object or change it when something else is wanted than last time; drift is neither seen nor put back."""

from __future__ import annotations

import copy

from rehearsal.dynamo.kube import Client, Json, Resource
from rehearsal.dynamo.operator import consts as c
from rehearsal.dynamo.operator.graph import canonical_hash


def stamped(wanted: Json) -> Json:
    """Return the object with the hash of what is wanted."""
    result = copy.deepcopy(wanted)
    metadata = result["metadata"]
    about = {"spec": wanted["spec"], "labels": metadata.get("labels"), "annotations": metadata.get("annotations")}
    metadata["annotations"] = {**(metadata.get("annotations") or {}), c.A_LAST_HASH: canonical_hash(about)}
    return result


def replacement(actual: Json, wanted: Json) -> Json:
    """Return the living object with the wanted spec; foreign labels and annotations stay."""
    result = copy.deepcopy(actual)
    for key in ("labels", "annotations"):
        result["metadata"][key] = {**(actual["metadata"].get(key) or {}), **(wanted["metadata"].get(key) or {})}
    result["spec"] = copy.deepcopy(wanted["spec"])
    # allocated once and immutable
    for key in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "volumeName", "volumeMode"):
        if key in actual.get("spec", {}):
            result["spec"].setdefault(key, actual["spec"][key])
    return result


def sync(client: Client, resource: Resource, wanted: Json) -> tuple[Json, str]:
    """Create or change an object; returns it and `created`, `updated` or nothing.

    Raises:
        KubeError: the API server refused it.
    """
    meta, fresh = wanted["metadata"], stamped(wanted)
    actual = client.get(resource, meta["namespace"], meta["name"])
    if actual is None:
        return client.create(resource, meta["namespace"], fresh), "created"
    if (actual["metadata"].get("annotations") or {}).get(c.A_LAST_HASH) == fresh["metadata"]["annotations"][
        c.A_LAST_HASH
    ]:
        return actual, ""
    return client.replace(resource, replacement(actual, fresh)), "updated"
