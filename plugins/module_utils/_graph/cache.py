# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""A volume that holds models, and the Jobs that fill it before graphs start, so that replicas need not. Pure."""

from __future__ import annotations

import hashlib
import json
import typing as t
from dataclasses import dataclass, fields

from . import sources
from .definition import DefinitionError
from .overrides import Overrides

Json = dict[str, t.Any]

CACHE_LABEL = "ai-on-eks.dynamo/model-cache"
STORAGE_KINDS = ("efs", "fsx")
# No StorageClass of this name exists or is needed: it keeps other claims away from the volume.
_CLASS = "ai-on-eks-dynamo-models"
_SCRIPT = "fetch_model.py"
# The user of the Dynamo images, and of the file system's access point.
_USER = 1000
# What the script ends with when no further pod could do better.
_HOPELESS = 2


@dataclass(frozen=True)
class Options:
    """How models are cached; see the variables dynamo_example_model_cache*."""

    cache: str
    """efs, fsx or the name of a claim that is there; "" for none."""
    namespace: str
    script: str
    """The script that fetches from Hugging Face."""
    cluster: t.Mapping[str, t.Any]
    """The cluster facts: file systems and region."""
    size: str = "500Gi"
    image: str = ""
    s3_image: str = ""
    cpu: str = "1"
    memory: str = "2Gi"
    node_pool: str = ""
    timeout: int = 3600
    endpoint: str = ""
    ignore: t.Sequence[str] = ()
    token_secret: str = ""
    service_account: str = ""
    """Service account that may read the bucket."""


def options(given: t.Mapping[str, t.Any]) -> Options:
    """Make Options of a plain dict; raise DefinitionError for what is unknown or missing."""
    known = {entry.name for entry in fields(Options)}
    unknown = sorted(set(given) - known)
    if unknown:
        raise DefinitionError(f"Failed to read the options of the model cache: {', '.join(unknown)} unknown.")
    try:
        return Options(**{**given, "timeout": int(given.get("timeout") or 3600)})
    except (TypeError, ValueError) as error:
        raise DefinitionError(f"Failed to read the options of the model cache: {error}.") from error


def claim_of(cache: str) -> str:
    """Return the name of the PersistentVolumeClaim behind efs, fsx, or a name of one's own."""
    return f"model-cache-{cache}" if cache in STORAGE_KINDS else cache


def objects(graphs: t.Sequence[tuple[t.Mapping[str, t.Any], Overrides]], chosen: Options) -> Json:
    """Return what has to be there before the graphs start.

    Returns: claim, storage (volume and claim, [] for one that is there already), jobs (each with its ConfigMap before
    it), wait_for (names of the Jobs). `graphs` are definitions with the changes to each.
    """
    if not chosen.cache:
        return {"claim": "", "storage": [], "jobs": [], "wait_for": []}
    claim = claim_of(chosen.cache)
    hub: dict[tuple[str, str], None] = {}
    buckets: dict[tuple[str, str], None] = {}
    for definition, overrides in graphs:
        model = overrides.model or str(definition.get("model", ""))
        source = sources.read(definition, overrides) if model else sources.Source("pvc")
        if source.kind == "hub":
            hub[model, source.revision] = None
            hub.update(dict.fromkeys(_adapters(definition, overrides)))
        elif source.kind == "s3":
            buckets[source.bucket, source.prefix] = None
    jobs = [_hub_job([model], claim, chosen) for model in hub]
    jobs += [_bucket_job(bucket, claim, chosen) for bucket in buckets]
    return {
        "claim": claim,
        "storage": _storage(chosen, claim) if jobs and chosen.cache in STORAGE_KINDS else [],
        "jobs": [*([_script(chosen, claim)] if hub else []), *jobs],
        "wait_for": [job["metadata"]["name"] for job in jobs],
    }


def _adapters(definition: t.Mapping[str, t.Any], overrides: Overrides) -> list[tuple[str, str]]:
    """Return the LoRA adapters of Hugging Face: behind a cache nobody asks it for them later."""
    found = {**definition.get("adapters", {}), **overrides.adapters}
    return [(source[len("hf://") :], "") for source in found.values() if source.startswith("hf://")]


def _labels(claim: str) -> dict[str, str]:
    return {"app.kubernetes.io/managed-by": "ai_on_eks.dynamo", CACHE_LABEL: claim}


def _storage(chosen: Options, claim: str) -> list[Json]:
    volume = f"{chosen.namespace}-{claim}"
    spec = {
        "capacity": {"storage": chosen.size},
        "accessModes": ["ReadWriteMany"],
        "storageClassName": _CLASS,
        # The files outlive the claim: fetching them again takes longer than keeping them costs.
        "persistentVolumeReclaimPolicy": "Retain",
        "volumeMode": "Filesystem",
        **_driver(chosen),
    }
    request = {
        "accessModes": ["ReadWriteMany"],
        "storageClassName": _CLASS,
        "volumeName": volume,
        "resources": {"requests": {"storage": chosen.size}},
    }
    labels = _labels(claim)
    return [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": volume, "labels": labels},
            "spec": spec,
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": claim, "namespace": chosen.namespace, "labels": labels},
            "spec": request,
        },
    ]


def _driver(chosen: Options) -> Json:
    facts = chosen.cluster
    if chosen.cache == "efs":
        if not facts.get("efs_id"):
            raise DefinitionError(
                "Failed to make the model cache on EFS: the cluster has no file system. Run install.yml with "
                "enable_aws_efs_csi_driver = true, or give the name of a claim that is there (model_cache=NAME)."
            )
        point = facts.get("efs_access_point_id")
        handle = f"{facts['efs_id']}::{point}" if point else str(facts["efs_id"])
        return {"csi": {"driver": "efs.csi.aws.com", "volumeHandle": handle}}
    if not all(facts.get(key) for key in ("fsx_id", "fsx_dns_name", "fsx_mount_name")):
        raise DefinitionError(
            "Failed to make the model cache on FSx for Lustre: the cluster has no such file system. Run install.yml "
            "with deploy_fsx_volume = true (it costs about 175 USD a month), or use model_cache=efs."
        )
    attributes = {"dnsname": str(facts["fsx_dns_name"]), "mountname": str(facts["fsx_mount_name"])}
    driver = {"driver": "fsx.csi.aws.com", "volumeHandle": str(facts["fsx_id"]), "volumeAttributes": attributes}
    return {"csi": driver, "mountOptions": ["flock"]}


def _script(chosen: Options, claim: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"{claim}-fetch", "namespace": chosen.namespace, "labels": _labels(claim)},
        "data": {_SCRIPT: chosen.script},
    }


def _hub_job(models: t.Sequence[tuple[str, str]], claim: str, chosen: Options) -> Json:
    wanted = [{"id": model, "revision": revision or "main"} for model, revision in models]
    environment = {
        "MODELS": json.dumps(wanted),
        "HF_HOME": sources.HUB_HOME,
        **({"HF_ENDPOINT": chosen.endpoint} if chosen.endpoint else {}),
        **({"IGNORE": json.dumps(list(chosen.ignore))} if chosen.ignore else {}),
    }
    container: Json = {
        "name": "fetch",
        "image": chosen.image,
        "command": ["python3", f"/scripts/{_SCRIPT}"],
        "env": [{"name": name, "value": value} for name, value in environment.items()],
        "volumeMounts": [{"name": "script", "mountPath": "/scripts", "readOnly": True}],
    }
    if chosen.token_secret:
        key = {"name": chosen.token_secret, "key": "HF_TOKEN", "optional": True}
        container["env"].append({"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": key}})
    volume = {"name": "script", "configMap": {"name": f"{claim}-fetch"}}
    salt = hashlib.sha256(chosen.script.encode()).hexdigest()
    what = " ".join(f"{entry['id']}@{entry['revision']}" for entry in wanted)
    return _job(what, container, [volume], claim, chosen, salt)


def _bucket_job(bucket: tuple[str, str], claim: str, chosen: Options) -> Json:
    name, prefix = bucket
    target = f"{sources.MOUNT}/s3/{name}/{prefix}"
    container = {
        "name": "fetch",
        "image": chosen.s3_image,
        # Goes on where an earlier one stopped: what is there with the right size and date is left alone.
        "command": ["aws", "s3", "sync", f"s3://{name}/{prefix}", target, "--no-progress"],
        "env": [
            {"name": "AWS_RETRY_MODE", "value": "adaptive"},
            {"name": "AWS_MAX_ATTEMPTS", "value": "10"},
            {"name": "AWS_REGION", "value": str(chosen.cluster.get("region", ""))},
            {"name": "HOME", "value": "/tmp"},  # noqa: S108 - inside the pod
        ],
    }
    job = _job(f"s3://{name}/{prefix}", container, [], claim, chosen)
    pod = job["spec"]["template"]["spec"]
    pod["serviceAccountName"] = chosen.service_account or "default"
    return job


def _job(what: str, container: Json, volumes: list[Json], claim: str, chosen: Options, salt: str = "") -> Json:
    labels = _labels(claim)
    root = chosen.cache == "fsx" or (chosen.cache == "efs" and not chosen.cluster.get("efs_access_point_id"))
    # The root of such a file system is root's; what is written there anybody may read.
    user: Json = {"runAsUser": 0} if root else {"runAsUser": _USER, "runAsGroup": _USER, "runAsNonRoot": True}
    size = {"cpu": chosen.cpu, "memory": chosen.memory}
    mounts = [
        {"name": sources.VOLUME, "mountPath": sources.MOUNT},
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - inside the pod
    ]
    locked = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    main: Json = {
        **container,
        "resources": {"requests": size, "limits": dict(size)},
        "securityContext": locked,
        "volumeMounts": [*mounts, *container.get("volumeMounts", [])],
    }
    pod: Json = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "securityContext": {"fsGroup": _USER, "seccompProfile": {"type": "RuntimeDefault"}, **user},
        "containers": [main],
        "volumes": [
            {"name": sources.VOLUME, "persistentVolumeClaim": {"claimName": claim}},
            {"name": "tmp", "emptyDir": {}},
            *volumes,
        ],
    }
    if chosen.node_pool:
        pod["nodeSelector"] = {"karpenter.sh/nodepool": chosen.node_pool}
    spec: Json = {
        "backoffLimit": 6,
        "activeDeadlineSeconds": chosen.timeout,
        "podFailurePolicy": {
            "rules": [
                {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [_HOPELESS]}},
                # A node that goes away is nobody's fault.
                {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]},
            ]
        },
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    # A Job cannot be changed: another one has another name.
    digest = hashlib.sha256(json.dumps([what, spec, salt], sort_keys=True).encode()).hexdigest()[:10]
    annotations = {"ai-on-eks.dynamo/model": what}
    metadata = {"name": f"fetch-{digest}", "namespace": chosen.namespace, "labels": labels, "annotations": annotations}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}
