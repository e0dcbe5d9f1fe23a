# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Why a pod waits for a volume: its claim, the storage class, who makes volumes, and where they are. Pure."""

from __future__ import annotations

import re

from . import karpenter
from .finding import Finding, Grace
from .snapshot import Json, Snapshot, event_time, name_of
from .status import condition_of

# What is said about a claim -> (reason, what to do, how long to go on). First match wins.
_CLAIM_PROBLEMS = (
    (
        r"storageclass\S* \"?[^\" ]+\"? not found|no storage class is set",
        "storage_class_missing",
        "Name a StorageClass that exists (kubectl get storageclasses), or make it; then delete the claim and deploy "
        "again",
        Grace.SOON,
    ),
    (
        r"external provisioner '?(?P<who>[\w.-]+)'?|waiting for a volume to be created",
        "no_provisioner",
        "Check that the CSI driver runs: kubectl get csidrivers, kubectl -n kube-system get pods (EKS add-ons "
        "aws-ebs-csi-driver and aws-efs-csi-driver; install.yml --tags eks_infra)",
        Grace.PATIENCE,
    ),
    (
        r"failed to provision|ProvisioningFailed|AccessDenied|not authorized",
        "volume_not_made",
        "The CSI driver was refused: look at its role and at kubectl -n kube-system logs -l app=ebs-csi-controller -c "
        "csi-provisioner --tail=50",
        Grace.PATIENCE,
    ),
)
_WRONG_ZONE = re.compile(r"volume node affinity conflict|didn't match PersistentVolume's node affinity", re.IGNORECASE)
_KARPENTER_ZONE = re.compile(r"incompatible.*topology\.kubernetes\.io/zone|no instance type.*zone", re.IGNORECASE)


def find(snapshot: Snapshot, pod: Json, namespace: str) -> Finding | None:
    """Return what is wrong with the volumes of a pod that has no node yet, None when nothing is."""
    claims = {name_of(claim): claim for claim in snapshot.every("PersistentVolumeClaim")}
    bound = False
    for name in _wanted(pod):
        claim = claims.get(name)
        if claim is None:
            if snapshot.absent("PersistentVolumeClaim"):
                continue  # they may not be read
            return Finding(
                "volume_claim_missing",
                f"Pod/{name_of(pod)}",
                f"the PersistentVolumeClaim {name} does not exist",
                f"Make it, or take the volume out of the definition: kubectl -n {namespace} get pvc",
                Grace.SOON,
            )
        phase = (claim.get("status") or {}).get("phase")
        bound = bound or phase == "Bound"
        if phase == "Pending":
            found = _pending(snapshot, pod, name, namespace)
            if found is not None:
                return found
    return _zone(snapshot, pod, namespace) if bound else None


def _wanted(pod: Json) -> list[str]:
    return [
        str(volume["persistentVolumeClaim"].get("claimName"))
        for volume in (pod.get("spec") or {}).get("volumes") or []
        if volume.get("persistentVolumeClaim")
    ]


def _pending(snapshot: Snapshot, pod: Json, name: str, namespace: str) -> Finding | None:
    """Say why a claim is not bound; None while it only waits for its first pod, as claims of most classes do."""
    told = [
        event
        for event in snapshot.events_about("PersistentVolumeClaim", name)
        if event.get("reason") not in ("WaitForFirstConsumer", "Provisioning", "ProvisioningSucceeded")
    ]
    scheduler = str(condition_of(pod, "PodScheduled").get("message") or "")
    about_volumes = re.search(r"persistentvolumeclaim", scheduler, re.IGNORECASE)
    if not told and not about_volumes:
        return None
    text = str(max(told, key=event_time).get("message") or "") if told else scheduler
    kind = str(max(told, key=event_time).get("reason") or "") if told else ""
    for pattern, reason, remedy, grace in _CLAIM_PROBLEMS:
        if re.search(pattern, f"{kind}: {text}", re.IGNORECASE):
            return Finding(reason, f"PersistentVolumeClaim/{name}", text, remedy, grace)
    return Finding(
        "volume_claim_pending",
        f"PersistentVolumeClaim/{name}",
        text,
        f"Check its StorageClass and the CSI driver: kubectl -n {namespace} describe pvc {name}",
        Grace.PATIENCE,
    )


def _zone(snapshot: Snapshot, pod: Json, namespace: str) -> Finding | None:
    """Say that the volume is in another zone than every node that the pod may run on."""
    message = str(condition_of(pod, "PodScheduled").get("message") or "")
    selector = (pod.get("spec") or {}).get("nodeSelector") or {}
    refusals = [
        karpenter.relevant(str(event.get("message") or ""), str(selector.get(karpenter.POOL_LABEL) or ""))
        for event in snapshot.events_about("Pod", name_of(pod))
        if event.get("reason") == "FailedScheduling"
        and str(event.get("reportingComponent") or (event.get("source") or {}).get("component") or "") == "karpenter"
    ]
    texts = [text for text in refusals[-1:] if _KARPENTER_ZONE.search(text)]
    texts += [message] if _WRONG_ZONE.search(message) else []
    if not texts:
        return None
    names = ", ".join(_wanted(pod))
    return Finding(
        "volume_wrong_zone",
        f"Pod/{name_of(pod)}",
        f"the volume of {names} is in another zone than the nodes that the pod may use: {texts[0]}",
        "A volume of EBS stays in its zone: let the pool use that zone (kubectl get pv,nodepools), use EFS, "
        f"or delete the claim and its data: kubectl -n {namespace} delete pvc {names}",
        Grace.PATIENCE,
    )
