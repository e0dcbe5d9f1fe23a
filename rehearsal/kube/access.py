# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""EKS access entries as Kubernetes users and groups.

EKS enforces access policies in an authorizer of its own; here each policy is a group that RBAC binds to the
ClusterRole with (nearly) the same rules.
Source: docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

GROUP_PREFIX = "eks-access-policy:"
READ_EVERYTHING = "eks-access-policy-admin-view"
CLUSTER_ROLE = {
    "AmazonEKSClusterAdminPolicy": "cluster-admin",
    "AmazonEKSAdminPolicy": "admin",
    "AmazonEKSAdminViewPolicy": READ_EVERYTHING,
    "AmazonEKSEditPolicy": "edit",
    "AmazonEKSViewPolicy": "view",
}
# Kubernetes reserves system: names; EKS refuses them in access entries, so nobody becomes system:masters this way.
_NODE_TYPES = {"EC2_LINUX", "EC2_WINDOWS", "EC2"}


@dataclass(frozen=True)
class Caller:
    """Who STS says signed a token.

    Attributes:
        arn: of the caller, `…:assumed-role/<role>/<session>` for a session.
        principal_arn: of the user or of the role itself: what access entries name.
        access_key_id: of the key that signed.
    """

    arn: str
    principal_arn: str
    access_key_id: str

    @property
    def session(self) -> str:
        """The session's name, empty for a user."""
        return self.arn.rpartition("/")[2] if ":assumed-role/" in self.arn else ""


@dataclass(frozen=True)
class NamespaceGrant:
    """A policy that holds in one namespace only, and the group that must be bound there."""

    group: str
    cluster_role: str
    namespace: str


@dataclass(frozen=True)
class User:
    """What a TokenReview answers."""

    username: str
    groups: tuple[str, ...]
    grants: tuple[NamespaceGrant, ...] = ()


def policy_name(arn: str) -> str:
    """Return the last part of an access policy's ARN."""
    return arn.rpartition("/")[2]


def user_of(caller: Caller, entry: Mapping[str, Any], policies: Iterable[Mapping[str, Any]]) -> User:
    """Return the Kubernetes user of a caller.

    Args:
        caller: who asks.
        entry: `accessEntry` of DescribeAccessEntry.
        policies: `associatedAccessPolicies` of ListAssociatedAccessPolicies.
    """
    if entry.get("type", "STANDARD") in _NODE_TYPES:
        return User(f"system:node:{caller.session}", ("system:bootstrappers", "system:nodes"))
    groups = list(entry.get("kubernetesGroups") or [])
    grants: list[NamespaceGrant] = []
    for policy in policies:
        name = policy_name(str(policy.get("policyArn", "")))
        role = CLUSTER_ROLE.get(name)
        if role is None:
            continue
        scope = policy.get("accessScope") or {}
        if scope.get("type", "cluster") == "cluster":
            groups.append(GROUP_PREFIX + name)
            continue
        for namespace in scope.get("namespaces") or []:
            group = f"{GROUP_PREFIX}{name}:{namespace}"
            groups.append(group)
            grants.append(NamespaceGrant(group, role, str(namespace)))
    return User(_username(caller, str(entry.get("username") or "")), tuple(dict.fromkeys(groups)), tuple(grants))


def _username(caller: Caller, pattern: str) -> str:
    if not pattern:
        return caller.arn
    return pattern.replace("{{SessionNameRaw}}", caller.session).replace(
        "{{SessionName}}", caller.session.replace("@", "-")
    )


def cluster_bindings() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (collection path, manifest) of what binds the policies' groups for a whole cluster."""
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    read = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}
    yield (
        f"{rbac}/clusterroles",
        {**_object("ClusterRole", READ_EVERYTHING), "rules": [read]},
    )
    for name, role in CLUSTER_ROLE.items():
        body = {
            **_object("ClusterRoleBinding", GROUP_PREFIX + name),
            "roleRef": _role_ref(role),
            "subjects": [_group(GROUP_PREFIX + name)],
        }
        yield f"{rbac}/clusterrolebindings", body


def namespace_binding(grant: NamespaceGrant) -> tuple[str, dict[str, Any]]:
    """Return (collection path, manifest) of the RoleBinding that makes a grant hold in its namespace."""
    body = {
        **_object("RoleBinding", grant.group.rpartition(":")[0]),
        "roleRef": _role_ref(grant.cluster_role),
        "subjects": [_group(grant.group)],
    }
    return f"/apis/rbac.authorization.k8s.io/v1/namespaces/{grant.namespace}/rolebindings", body


def _object(kind: str, name: str) -> dict[str, Any]:
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": name}}


def _role_ref(role: str) -> dict[str, str]:
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}


def _group(name: str) -> dict[str, str]:
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": name}
