# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Access entries as users and groups."""

from __future__ import annotations

from typing import Any

from rehearsal.kube import access

ROLE = access.Caller("arn:aws:sts::1:assumed-role/ops/a@b", "arn:aws:iam::1:role/team/ops", "ASIA")
USER = access.Caller("arn:aws:iam::1:user/u", "arn:aws:iam::1:user/u", "AKIA")


def policy(name: str, *namespaces: str) -> dict[str, Any]:
    scope: dict[str, Any] = {"type": "cluster"}
    if namespaces:
        scope = {"type": "namespace", "namespaces": list(namespaces)}
    return {"policyArn": f"arn:aws:eks::aws:cluster-access-policy/{name}", "accessScope": scope}


def test_groups_and_policies_of_an_entry() -> None:
    user = access.user_of(USER, {"kubernetesGroups": ["dev"]}, [policy("AmazonEKSClusterAdminPolicy")])
    assert user.username == "arn:aws:iam::1:user/u"
    assert user.groups == ("dev", "eks-access-policy:AmazonEKSClusterAdminPolicy")
    assert user.grants == ()


def test_a_namespaced_policy_is_a_grant_for_each_namespace() -> None:
    user = access.user_of(USER, {}, [policy("AmazonEKSEditPolicy", "a", "b")])
    assert user.groups == ("eks-access-policy:AmazonEKSEditPolicy:a", "eks-access-policy:AmazonEKSEditPolicy:b")
    collection, body = access.namespace_binding(user.grants[1])
    assert collection == "/apis/rbac.authorization.k8s.io/v1/namespaces/b/rolebindings"
    assert body["roleRef"]["name"] == "edit"
    assert body["subjects"] == [
        {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "Group",
            "name": "eks-access-policy:AmazonEKSEditPolicy:b",
        }
    ]


def test_a_policy_that_is_not_for_people_grants_nothing() -> None:
    assert access.user_of(USER, {}, [policy("AmazonEKSAutoNodePolicy")]).groups == ()


def test_user_names() -> None:
    assert access.user_of(ROLE, {}, []).username == ROLE.arn
    assert access.user_of(ROLE, {"username": "x:{{SessionName}}"}, []).username == "x:a-b"
    assert access.user_of(ROLE, {"username": "x:{{SessionNameRaw}}"}, []).username == "x:a@b"


def test_a_nodes_role_is_a_node() -> None:
    user = access.user_of(ROLE, {"type": "EC2_LINUX"}, [])
    assert user.username == "system:node:a@b"
    assert "system:nodes" in user.groups


def test_every_policy_is_bound_to_a_role() -> None:
    bindings = {
        body["metadata"]["name"]: body["roleRef"]["name"] for _, body in access.cluster_bindings() if "roleRef" in body
    }
    assert bindings["eks-access-policy:AmazonEKSClusterAdminPolicy"] == "cluster-admin"
    assert len(bindings) == len(access.CLUSTER_ROLE)
    assert not any(name.startswith("system:") for name in bindings)
