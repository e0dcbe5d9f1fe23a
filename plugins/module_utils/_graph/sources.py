# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Where a graph's model comes from: Hugging Face, a bucket, a volume; and how pods see it. Pure."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from .definition import DefinitionError
from .overrides import Overrides

Json = dict[str, t.Any]

MOUNT = "/models"
VOLUME = "models"
# The layout that every library for Hugging Face reads: <HUB_HOME>/hub/models--<owner>--<name>/snapshots/<commit>.
HUB_HOME = f"{MOUNT}/huggingface"
# Code that comes with a model is copied here before it is run; the cache itself is not written to.
_MODULES = "/tmp/huggingface-modules"  # noqa: S108 - inside the pod
_S3 = re.compile(
    r"^s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<prefix>[A-Za-z0-9!_.*'()/=-]*[A-Za-z0-9!_.*'()=-])/?$"
)
_PVC = re.compile(r"^pvc://(?P<claim>[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?)(/(?P<path>[A-Za-z0-9._=/-]*))?$")


@dataclass(frozen=True)
class Source:
    """Where a model comes from.

    Attributes:
        kind: hub, s3 or pvc.
        claim: the PersistentVolumeClaim that holds it; "" when every worker downloads for itself.
        path: its folder inside a pod; "" when the engine finds it by its name.
        bucket: for s3.
        prefix: for s3.
        revision: for hub; "" for the newest.
    """

    kind: str
    claim: str = ""
    path: str = ""
    bucket: str = ""
    prefix: str = ""
    revision: str = ""


def read(definition: t.Mapping[str, t.Any], overrides: Overrides) -> Source:
    """Return where the graph's model comes from; DefinitionError when that is not clear, or cannot be done."""
    given = overrides.model_source or str(definition.get("model_source", ""))
    revision = overrides.model_revision or str(definition.get("model_revision", ""))
    claim = overrides.model_cache
    if not given:
        if revision and not claim:
            raise DefinitionError(
                f"Failed to use the revision {revision} of the model: engines and frontend would each take the newest "
                "one. Give a cache that holds it (-e model_cache=efs), or drop model_revision."
            )
        return Source("hub", claim, revision=revision)
    if revision:
        raise DefinitionError(f"Failed to use model_revision with {given}: only Hugging Face has revisions. Drop one.")
    bucket = _S3.match(given)
    if bucket:
        if not claim:
            raise DefinitionError(
                f"Failed to use the model source {given}: engines read files, not buckets. Give a cache for it to be "
                "copied to: -e model_cache=efs (or fsx, or the name of a claim)."
            )
        folder = f"{MOUNT}/s3/{bucket['bucket']}/{bucket['prefix']}"
        return Source("s3", claim, folder, bucket["bucket"], bucket["prefix"])
    volume = _PVC.match(given)
    if volume and ".." not in given:
        return Source("pvc", volume["claim"], f"{MOUNT}/{volume['path'] or ''}".rstrip("/"))
    raise DefinitionError(
        f"Failed to read the model source {given!r}: it must be s3://BUCKET/PREFIX or pvc://CLAIM/PATH. A model of "
        "Hugging Face needs none, only its id as model."
    )


def environment(source: Source) -> dict[str, str]:
    """Return what tells the libraries for Hugging Face to read the cache and to ask nobody."""
    if source.kind != "hub" or not source.claim:
        return {}
    return {
        "HF_HOME": HUB_HOME,
        "HF_HUB_CACHE": f"{HUB_HOME}/hub",
        "HF_HUB_OFFLINE": "1",
        "HF_MODULES_CACHE": _MODULES,
    }


def volumes(source: Source) -> list[Json]:
    """Return the pod's volumes."""
    return [{"name": VOLUME, "persistentVolumeClaim": {"claimName": source.claim}}] if source.claim else []


def mounts(source: Source, read_only: bool) -> list[Json]:
    """Return the container's mounts. Files of a bucket or a volume are only ever read."""
    if not source.claim:
        return []
    closed = read_only or source.kind != "hub"
    return [{"name": VOLUME, "mountPath": MOUNT, **({"readOnly": True} if closed else {})}]
