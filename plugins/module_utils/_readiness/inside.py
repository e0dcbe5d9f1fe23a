# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What the cluster's own API server says: Karpenter, drivers, storage classes, nodes."""

from __future__ import annotations

import typing as t

from .._kube.client import Client, Resource

Json = dict[str, t.Any]

_CRDS = Resource("apiextensions.k8s.io/v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False)
_CSI_DRIVERS = Resource("storage.k8s.io/v1", "csidrivers", "CSIDriver", namespaced=False)
_DAEMON_SETS = Resource("apps/v1", "daemonsets", "DaemonSet")
_DEPLOYMENTS = Resource("apps/v1", "deployments", "Deployment")
_NODES = Resource("v1", "nodes", "Node", namespaced=False)
_NODE_CLASSES = Resource("karpenter.k8s.aws/v1", "ec2nodeclasses", "EC2NodeClass", namespaced=False)
_SERVICE_ACCOUNTS = Resource("v1", "serviceaccounts", "ServiceAccount")
_STORAGE_CLASSES = Resource("storage.k8s.io/v1", "storageclasses", "StorageClass", namespaced=False)

_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
_ROLE = "eks.amazonaws.com/role-arn"
_KARPENTER_CRD = "nodepools.karpenter.sh"


def look_inside(client: Client) -> Json:
    """Return what is there.

    Returns:
        karpenter: namespace, name, version, queue, service_account and role_arn; empty when none runs.
        karpenter_versions: API versions of NodePool that are served.
        node_class_roles: roles that the EC2NodeClasses name.
        csi_drivers: names.
        pod_identity_agent: whether its DaemonSet is there.
        roles: role of each service account in kube-system that has one by annotation (IRSA).
        storage_classes: name, provisioner, default, file_system.
        nodes: number of those that are ready.

    Raises:
        KubeError: a call failed.
    """
    deployments = client.items(_DEPLOYMENTS, query={"labelSelector": "app.kubernetes.io/name=karpenter"})
    crd = client.find(_CRDS.path(name=_KARPENTER_CRD)) or {}
    versions = [item["name"] for item in (crd.get("spec") or {}).get("versions") or [] if item.get("served")]
    classes = client.items(_NODE_CLASSES) if "v1" in versions else []
    accounts = client.items(_SERVICE_ACCOUNTS, "kube-system")
    running = karpenter_of(deployments[0]) if deployments else {}
    if running:
        path = _SERVICE_ACCOUNTS.path(running["namespace"], running["service_account"])
        running["role_arn"] = _role_of(client.find(path) or {})
    return {
        "karpenter": running,
        "karpenter_versions": sorted(versions),
        "node_class_roles": sorted(
            {role for item in classes for role in [(item.get("spec") or {}).get("role")] if role}
        ),
        "csi_drivers": sorted(str(item["metadata"]["name"]) for item in client.items(_CSI_DRIVERS)),
        "pod_identity_agent": client.find(_DAEMON_SETS.path("kube-system", "eks-pod-identity-agent")) is not None,
        "roles": {str(item["metadata"]["name"]): _role_of(item) for item in accounts if _role_of(item)},
        "storage_classes": [storage_class_of(item) for item in client.items(_STORAGE_CLASSES)],
        "nodes": sum(map(is_ready, client.items(_NODES))),
    }


def karpenter_of(deployment: t.Mapping[str, t.Any]) -> Json:
    """Return what a Deployment of Karpenter says about it."""
    metadata = deployment["metadata"]
    pod = ((deployment.get("spec") or {}).get("template") or {}).get("spec") or {}
    container = (pod.get("containers") or [{}])[0]
    env = {item.get("name"): str(item.get("value") or "") for item in container.get("env") or []}
    version = str((metadata.get("labels") or {}).get("app.kubernetes.io/version") or "")
    if not version:
        version = str(container.get("image") or "").partition("@")[0].rpartition(":")[2]
    return {
        "namespace": str(metadata["namespace"]),
        "name": str(metadata["name"]),
        "version": version.removeprefix("v"),
        "queue": env.get("INTERRUPTION_QUEUE", ""),
        "service_account": str(pod.get("serviceAccountName") or "default"),
        "role_arn": "",
    }


def storage_class_of(item: t.Mapping[str, t.Any]) -> Json:
    """Return what matters of a StorageClass."""
    metadata = item["metadata"]
    return {
        "name": str(metadata["name"]),
        "provisioner": str(item.get("provisioner") or ""),
        "default": (metadata.get("annotations") or {}).get(_DEFAULT_CLASS) == "true",
        "file_system": str((item.get("parameters") or {}).get("fileSystemId") or ""),
    }


def is_ready(node: t.Mapping[str, t.Any]) -> bool:
    """Tell whether a node is ready."""
    conditions = (node.get("status") or {}).get("conditions") or []
    return any(item.get("type") == "Ready" and item.get("status") == "True" for item in conditions)


def _role_of(account: t.Mapping[str, t.Any]) -> str:
    return str(((account.get("metadata") or {}).get("annotations") or {}).get(_ROLE) or "")
