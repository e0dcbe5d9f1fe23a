# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What a cluster that something else made has and lacks, and what an adoption adds."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._cluster import empty_facts
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._readiness.findings import PARTS, Wish, judge
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._readiness.inside import (
    is_ready,
    karpenter_of,
    storage_class_of,
)

DEFAULT = Wish(("karpenter", "pod_identity_agent", "ebs_csi", "efs_csi", "discovery"))
ROLE = "arn:aws:iam::123456789012:role/"


def facts(**changes: Any) -> dict[str, Any]:
    return {
        **empty_facts(),
        "name": "platform",
        "region": "us-west-2",
        "account": "123456789012",
        "partition": "aws",
        "vpc_id": "vpc-1",
        "authentication_mode": "API_AND_CONFIG_MAP",
        "private_subnet_ids": ["subnet-a", "subnet-b"],
        "node_security_group_ids": ["sg-1"],
        "tags": {"ManagedBy": "terraform"},
        **changes,
    }


def subnet(identifier: str, zone: str, **changes: Any) -> dict[str, Any]:
    return {"id": identifier, "zone": zone, "way_out": True, "discovery": "", "mark": "", **changes}


BARE: dict[str, Any] = {
    "auto_mode": False,
    "node_groups": [
        {"name": "workers", "role_arn": f"{ROLE}workers", "subnets": [], "instance_types": [], "desired": 2}
    ],
    "addons": ["coredns", "vpc-cni"],
    "of_addons": {"vpc-cni": {"version": "v1", "status": "ACTIVE", "role_arn": "", "ours": False}},
    "associations": [],
    "node_role": {},
    "queue": {},
    "subnets": [subnet("subnet-a", "za"), subnet("subnet-b", "zb")],
    "security_groups": [{"id": "sg-1", "discovery": "", "mark": ""}],
    "efs": {},
}
EMPTY: dict[str, Any] = {
    "karpenter": {},
    "karpenter_versions": [],
    "node_class_roles": [],
    "csi_drivers": [],
    "pod_identity_agent": False,
    "roles": {},
    "storage_classes": [],
    "nodes": 2,
}
RUNNING = {
    "namespace": "kube-system",
    "name": "karpenter",
    "version": "1.8.1",
    "queue": "Karpenter-platform",
    "service_account": "karpenter",
    "role_arn": f"{ROLE}KarpenterController",
}


def addon(**changes: Any) -> dict[str, Any]:
    return {"version": "v2", "status": "ACTIVE", "role_arn": "", "ours": False, **changes}


def association(account: str, ours: bool = False, namespace: str = "kube-system") -> dict[str, Any]:
    return {"namespace": namespace, "service_account": account, "role_arn": f"{ROLE}{account}", "ours": ours}


def look(
    aws: dict[str, Any] | None = None,
    inside: dict[str, Any] | None = None,
    wish: Wish = DEFAULT,
    of_facts: dict[str, Any] | None = None,
) -> tuple[dict[str, dict[str, Any]], dict[str, Any], dict[str, Any]]:
    judged = judge(facts(**(of_facts or {})), {**copy.deepcopy(BARE), **(aws or {})}, {**EMPTY, **(inside or {})}, wish)
    return {item["name"]: item for item in judged["findings"]}, judged["adoption"], judged["facts"]


def blocking(findings: dict[str, dict[str, Any]]) -> list[str]:
    return [name for name, item in findings.items() if item["missing"] and item["required"]]


def adopted() -> dict[str, Any]:
    """What AWS says after an adoption of the default parts."""
    tags = {"discovery": "platform", "mark": "platform"}
    return {
        "of_addons": {
            "eks-pod-identity-agent": addon(ours=True),
            "aws-ebs-csi-driver": addon(ours=True),
            "aws-efs-csi-driver": addon(ours=True),
        },
        "associations": [
            association("karpenter", ours=True, namespace="karpenter"),
            association("ebs-csi-controller-sa", ours=True),
            association("efs-csi-controller-sa", ours=True),
        ],
        "node_role": {"arn": f"{ROLE}platform-karp-node", "ours": True},
        "queue": {"name": "platform-karpenter", "ours": True},
        "subnets": [subnet("subnet-a", "za", **tags), subnet("subnet-b", "zb", **tags)],
        "security_groups": [{"id": "sg-1", **tags}],
    }


def test_a_bare_cluster_lacks_what_an_adoption_adds() -> None:
    findings, adoption, completed = look()
    assert blocking(findings) == ["pod_identity_agent", "karpenter", "ebs_csi"]
    assert all(findings[name]["adoptable"] for name in blocking(findings))
    assert findings["karpenter"]["what_to_do"].startswith("Add -e eks_infra_adopt=true, or make the roles")
    assert adoption["enable_karpenter"]
    assert adoption["addons"] == ["aws-ebs-csi-driver", "aws-efs-csi-driver", "eks-pod-identity-agent"]
    assert adoption["drivers"] == ["ebs-csi", "efs-csi"]
    assert adoption["discovery_resource_ids"] == ["sg-1", "subnet-a", "subnet-b"]
    assert adoption["node_needs_cni_policy"]
    assert not adoption["enable_efs"]
    assert completed["karpenter"] == {}


def test_an_adopted_cluster_lacks_nothing_and_a_second_adoption_wants_the_same() -> None:
    first = look()[1]
    findings, again, _facts = look(adopted())
    assert blocking(findings) == []
    assert again == first


def test_parts_that_were_not_wanted_are_not_added_and_the_way_to_them_is_told() -> None:
    findings, adoption, _facts = look(wish=Wish(("karpenter",)))
    assert blocking(findings) == ["pod_identity_agent", "karpenter", "ebs_csi"]
    assert not findings["ebs_csi"]["adoptable"]
    assert findings["ebs_csi"]["what_to_do"].startswith("Add ebs_csi to eks_infra_adopt_parts, or install")
    assert adoption["addons"] == []
    assert adoption["discovery_resource_ids"] == []


def test_everything_can_be_wanted() -> None:
    findings, adoption, _facts = look(wish=Wish(PARTS))
    assert "fsx_csi" in findings
    assert adoption["enable_efs"]
    assert adoption["efs_subnet_ids"] == ["subnet-a", "subnet-b"]
    assert adoption["drivers"] == ["ebs-csi", "efs-csi", "fsx-csi"]


def test_one_mount_target_a_zone() -> None:
    subnets = [subnet("subnet-a", "za"), subnet("subnet-c", "za"), subnet("subnet-b", "zb")]
    assert look({"subnets": subnets}, wish=Wish(PARTS))[1]["efs_subnet_ids"] == ["subnet-a", "subnet-b"]


def test_what_others_made_is_left_alone() -> None:
    aws = {
        "of_addons": {"eks-pod-identity-agent": addon(), "aws-ebs-csi-driver": addon(role_arn=f"{ROLE}ebs")},
        "associations": [association("aws-node")],
    }
    findings, adoption, _facts = look(aws, {"csi_drivers": ["efs.csi.aws.com"]})
    assert blocking(findings) == ["karpenter"]
    assert findings["ebs_csi"]["found"] == "add-on v2, role ebs"
    assert findings["efs_csi"]["found"] == "CSI driver efs.csi.aws.com, installed in another way than by the add-on"
    assert adoption["addons"] == []
    assert adoption["drivers"] == []
    assert not adoption["node_needs_cni_policy"]


def test_a_driver_of_ours_without_its_role_gets_it() -> None:
    aws = adopted()
    aws["associations"] = aws["associations"][:1]
    findings, adoption, _facts = look(aws)
    assert findings["ebs_csi"]["missing"] == "the role of ebs-csi-controller-sa"
    assert "ebs-csi" in adoption["drivers"]


def test_a_role_that_others_bound_to_a_driver_is_not_bound_again() -> None:
    findings, adoption, _facts = look({"associations": [association("ebs-csi-controller-sa")]})
    assert blocking(findings) == ["pod_identity_agent", "karpenter", "ebs_csi"]
    assert not findings["ebs_csi"]["adoptable"]
    assert "ebs-csi" not in adoption["drivers"]


def test_volumes_of_another_kind_do_without_the_ebs_driver() -> None:
    classes = [{"name": "px", "provisioner": "pxd.portworx.com", "default": True, "file_system": ""}]
    findings, _adoption, _facts = look(inside={"storage_classes": classes})
    assert not findings["ebs_csi"]["required"]


@pytest.mark.parametrize("mode", ["CONFIG_MAP", ""])
def test_a_cluster_with_aws_auth_alone_is_refused_with_the_command_to_type(mode: str) -> None:
    findings, _adoption, _facts = look(of_facts={"authentication_mode": mode})
    assert "access_entries" in blocking(findings)
    assert not findings["access_entries"]["adoptable"]
    assert "--access-config authenticationMode=API_AND_CONFIG_MAP" in findings["access_entries"]["what_to_do"]


def test_no_private_subnet_and_no_node_are_told_and_cannot_be_added() -> None:
    findings, _adoption, _facts = look({"subnets": [], "node_groups": []}, {"nodes": 0})
    assert blocking(findings)[:2] == ["private_subnets", "nodes"]
    assert not findings["private_subnets"]["adoptable"]
    assert not findings["nodes"]["adoptable"]


def test_a_subnet_without_a_way_out_is_told_and_does_not_stop() -> None:
    findings, _adoption, _facts = look({"subnets": [subnet("subnet-a", "za", way_out=False)]})
    assert findings["private_subnets"]["missing"] == "a way out of subnet-a"
    assert "private_subnets" not in blocking(findings)


def test_the_discovery_tag_of_another_cluster_is_never_overwritten() -> None:
    shared = [subnet("subnet-a", "za", discovery="other"), subnet("subnet-b", "zb")]
    findings, adoption, _facts = look({"subnets": shared})
    assert adoption["discovery_resource_ids"] == ["sg-1", "subnet-b"]
    assert "others carry the name of another cluster (other)" in findings["discovery"]["found"]


def test_a_discovery_tag_that_others_set_is_not_ours_to_take_away() -> None:
    theirs = [subnet("subnet-a", "za", discovery="platform"), subnet("subnet-b", "zb")]
    assert look({"subnets": theirs})[1]["discovery_resource_ids"] == ["sg-1", "subnet-b"]


def test_somebody_elses_karpenter_is_kept_and_used() -> None:
    inside = {"karpenter": RUNNING, "karpenter_versions": ["v1"], "node_class_roles": ["KarpenterNodes"]}
    findings, adoption, completed = look(inside=inside)
    assert blocking(findings) == ["ebs_csi"]
    assert findings["karpenter"]["found"] == "Karpenter 1.8.1 in namespace kube-system; it is kept"
    assert not adoption["enable_karpenter"]
    assert completed["karpenter"] == {
        "installed": True,
        "foreign": True,
        "auto_mode": False,
        "version": "1.8.1",
        "namespace": "kube-system",
        "name": "karpenter",
    }
    assert completed["node_role_name"] == "KarpenterNodes"
    assert completed["node_role_arn"] == f"{ROLE}KarpenterNodes"
    assert completed["karpenter_role_arn"] == f"{ROLE}KarpenterController"
    assert completed["interruption_queue"] == "Karpenter-platform"


def test_a_karpenter_of_the_past_must_be_upgraded_first() -> None:
    findings, _adoption, _facts = look(inside={"karpenter": RUNNING, "karpenter_versions": ["v1beta1"]})
    assert "karpenter" in blocking(findings)
    assert findings["karpenter"]["what_to_do"] == "Upgrade Karpenter, chart and CRDs, to 1.5 or newer."


def test_a_karpenter_whose_nodes_have_no_known_role_is_told() -> None:
    findings, _adoption, completed = look(inside={"karpenter": RUNNING, "karpenter_versions": ["v1"]})
    assert "karpenter_gpu_node_role" in findings["karpenter"]["what_to_do"]
    assert (completed["node_role_name"], completed["node_role_arn"]) == ("", "")


def test_the_karpenter_that_runs_on_our_role_is_ours() -> None:
    inside = {"karpenter": {**RUNNING, "namespace": "karpenter", "role_arn": ""}, "karpenter_versions": ["v1"]}
    _findings, adoption, completed = look(adopted(), inside)
    assert completed["karpenter"] == {}
    assert adoption["enable_karpenter"]


def test_roles_that_others_prepared_for_karpenter_are_used() -> None:
    aws = {
        "associations": [association("karpenter", namespace="karpenter")],
        "node_role": {"arn": f"{ROLE}theirs", "ours": False},
    }
    findings, adoption, _facts = look(aws)
    assert findings["karpenter"]["missing"] == "a queue for interruptions"
    assert "karpenter" not in blocking(findings)
    assert not adoption["enable_karpenter"]


def test_the_role_of_nodes_that_somebody_runs_by_hand_is_not_karpenters() -> None:
    findings, adoption, _facts = look({"node_role": {"arn": f"{ROLE}self-managed", "ours": False}})
    assert "self-managed" not in findings["karpenter"]["found"]
    assert "a role with an access entry for its nodes" in findings["karpenter"]["missing"]
    assert adoption["enable_karpenter"]


def test_auto_mode_brings_its_own_parts() -> None:
    findings, adoption, completed = look({"auto_mode": True, "node_groups": []}, {"nodes": 0})
    assert blocking(findings) == []
    assert completed["karpenter"]["auto_mode"]
    assert not adoption["enable_karpenter"]
    assert adoption["addons"] == ["aws-efs-csi-driver"]


def test_parts_of_our_own_terraform_are_no_adoption() -> None:
    own = {"tags": {"Cluster": "platform", "ManagedBy": "ai_on_eks.dynamo"}}
    findings, adoption, _facts = look(adopted(), of_facts=own)
    assert not any(item["ours"] for item in findings.values())
    assert not adoption["enable_karpenter"]
    assert adoption["addons"] == []


def test_the_file_system_of_a_storage_class_is_found() -> None:
    classes = [{"name": "efs", "provisioner": "efs.csi.aws.com", "default": False, "file_system": "fs-1"}]
    findings, _adoption, completed = look(inside={"storage_classes": classes})
    assert completed["efs_id"] == "fs-1"
    assert findings["efs"]["missing"] == ""


def test_a_deployment_of_karpenter_says_what_it_is() -> None:
    container = {
        "image": "public.ecr.aws/karpenter/controller:v1.8.1@sha256:0",
        "env": [{"name": "INTERRUPTION_QUEUE", "value": "q"}, {"name": "X", "valueFrom": {}}],
    }
    deployment = {
        "metadata": {"name": "karpenter", "namespace": "kube-system"},
        "spec": {"template": {"spec": {"serviceAccountName": "karpenter", "containers": [container]}}},
    }
    found = karpenter_of(deployment)
    assert (found["version"], found["queue"], found["service_account"]) == ("1.8.1", "q", "karpenter")


def test_a_storage_class_and_a_node_are_read() -> None:
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"}
    item = {"metadata": {"name": "gp3", "annotations": annotations}, "provisioner": "ebs.csi.aws.com"}
    assert storage_class_of(item) == {
        "name": "gp3",
        "provisioner": "ebs.csi.aws.com",
        "default": True,
        "file_system": "",
    }
    assert is_ready({"status": {"conditions": [{"type": "Ready", "status": "True"}]}})
    assert not is_ready({"status": {}})


def test_a_role_of_ours_whose_driver_is_gone_still_counts_as_added() -> None:
    findings, adoption, _facts = look({"associations": [association("efs-csi-controller-sa", ours=True)]})
    assert findings["efs_csi"]["ours"]
    assert findings["efs_csi"]["adoptable"]
    assert "efs-csi" in adoption["drivers"]
