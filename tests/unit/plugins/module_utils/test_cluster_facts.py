# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The cluster facts, and the kubeconfig made from them."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._cluster import (
    FIELDS,
    KubeconfigError,
    empty_facts,
    facts_of,
    render,
    server_of,
)
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._cluster.aws import AwsError
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._cluster.discover import (
    choose_subnets,
    common_groups,
    queue_name,
    split_subnets,
)
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._cluster.names import is_ours, prefix_of

ROOT = Path(__file__).resolve().parents[4]
ARN = "arn:aws-us-gov:eks:us-gov-west-1:123456789012:cluster/demo"
DESCRIBED: dict[str, Any] = {
    "name": "demo",
    "arn": ARN,
    "version": "1.35",
    "status": "ACTIVE",
    "endpoint": "https://demo.example",
    "certificateAuthority": {"data": "Q0E="},
    "identity": {"oidc": {"issuer": "https://issuer.example"}},
    "kubernetesNetworkConfig": {"serviceIpv4Cidr": "172.20.0.0/16"},
    "resourcesVpcConfig": {"vpcId": "vpc-1", "subnetIds": ["subnet-a"], "clusterSecurityGroupId": "sg-c"},
    "tags": {"Cluster": "demo"},
}


def test_facts_have_every_field_even_for_a_cluster_that_is_still_being_made() -> None:
    facts = facts_of({"name": "demo", "arn": ARN, "status": "CREATING"}, {}, {}, "terraform", "/k")
    assert set(facts) == set(FIELDS)
    assert facts["endpoint"] == ""
    assert facts["private_subnet_ids"] == []
    assert (facts["partition"], facts["region"], facts["account"]) == ("aws-us-gov", "us-gov-west-1", "123456789012")
    assert facts["context"] == ARN


def test_eks_wins_where_it_knows_better_and_outputs_win_over_what_was_discovered() -> None:
    outputs = {
        "endpoint": "https://old.example",
        "node_role_name": "ours",
        "public_subnet_ids": ["subnet-p"],
        "efs_id": None,
    }
    discovered = {"node_role_name": "theirs", "efs_id": "fs-1"}
    facts = facts_of(DESCRIBED, outputs, discovered, "terraform", "/k")
    assert facts["endpoint"] == "https://demo.example"
    assert facts["node_role_name"] == "ours"
    assert facts["efs_id"] == "fs-1"
    assert facts["public_subnet_ids"] == ["subnet-p"]
    assert (facts["mode"], facts["kubeconfig"]) == ("terraform", "/k")


def test_an_endpoint_of_earlier_facts_never_survives_the_cluster() -> None:
    facts = facts_of({**DESCRIBED, "endpoint": None, "status": "CREATING"}, {"status": "ACTIVE"}, {}, "terraform", "/k")
    assert facts["status"] == "CREATING"


def test_terraform_outputs_are_named_as_the_facts() -> None:
    outputs = set(
        re.findall(r'^output "(\w+)"', (ROOT / "terraform/outputs.tf").read_text(encoding="utf-8"), re.MULTILINE)
    )
    asked_of_the_cluster = {"authentication_mode", "karpenter", "node_security_group_ids"}
    assert set(FIELDS) - outputs == {"status", "kubeconfig", "context", "mode"} | asked_of_the_cluster


def test_the_role_knows_every_field_of_a_cluster_that_is_not_there() -> None:
    variables = yaml.safe_load((ROOT / "roles/eks_infra/vars/main.yml").read_text(encoding="utf-8"))
    absent = variables["__eks_infra_no_cluster"]
    assert set(absent) == set(FIELDS)
    assert {name: type(value) for name, value in absent.items()} == {
        name: type(value) for name, value in empty_facts().items()
    }


def test_the_kubeconfig_holds_a_command_and_no_token() -> None:
    config = yaml.safe_load(render(facts_of(DESCRIBED, {}, {}, "terraform", "/k")))
    assert config["current-context"] == ARN
    user = config["users"][0]["user"]
    assert list(user) == ["exec"]
    assert user["exec"]["apiVersion"] == "client.authentication.k8s.io/v1beta1"
    assert [user["exec"]["command"], *user["exec"]["args"]] == [
        *["aws", "--region", "us-gov-west-1", "eks", "get-token", "--cluster-name", "demo", "--output", "json"]
    ]
    assert config["clusters"][0]["cluster"] == {
        "server": "https://demo.example",
        "certificate-authority-data": "Q0E=",
    }


def test_no_kubeconfig_without_an_endpoint() -> None:
    with pytest.raises(KubeconfigError, match=r"its facts have no endpoint, ca\. Wait until"):
        render(facts_of({"name": "demo", "arn": ARN, "status": "CREATING"}, {}, {}, "terraform", "/k"))


def test_the_server_of_a_context() -> None:
    text = render(facts_of(DESCRIBED, {}, {}, "terraform", "/k"))
    assert server_of(text, ARN, "/k") == "https://demo.example"
    assert server_of(text, "another", "/k") == ""
    assert server_of("", ARN, "/k") == ""


@pytest.mark.parametrize("text", ["{", "- 1\n", "contexts: [1]\n", "clusters: [{name: x}]\n"])
def test_a_damaged_kubeconfig_is_an_error_that_names_it(text: str) -> None:
    with pytest.raises(KubeconfigError, match="Failed to read /k: it is no kubeconfig"):
        server_of(text, ARN, "/k")


def test_a_subnet_is_public_when_its_routes_lead_to_an_internet_gateway() -> None:
    subnets = [{"SubnetId": f"subnet-{name}", "AvailabilityZone": f"z{name}"} for name in "cba"]
    tables: list[dict[str, Any]] = [
        {"Associations": [{"Main": True}], "Routes": [{"GatewayId": "local"}]},
        {"Associations": [{"SubnetId": "subnet-b"}], "Routes": [{"GatewayId": "local"}, {"GatewayId": "igw-1"}]},
        {"Associations": [{"SubnetId": "subnet-c"}], "Routes": [{"NatGatewayId": "nat-1"}]},
    ]
    assert split_subnets(subnets, tables) == (["subnet-a", "subnet-c"], ["subnet-b"])


def test_nodes_go_where_nodes_are_already_then_where_the_control_plane_is() -> None:
    private = ["subnet-a", "subnet-b", "subnet-database"]
    assert choose_subnets(private, {"subnet-b", "subnet-public"}, ["subnet-a"]) == ["subnet-b"]
    assert choose_subnets(private, {"subnet-public"}, ["subnet-a", "subnet-b"]) == ["subnet-a", "subnet-b"]
    assert choose_subnets(private, set(), []) == private


def test_new_nodes_get_the_security_groups_that_most_nodes_have() -> None:
    def node(*groups: str) -> dict[str, Any]:
        return {"SecurityGroups": [{"GroupId": group} for group in groups]}

    assert common_groups([node("sg-2", "sg-1"), node("sg-1", "sg-2"), node("sg-3")]) == ["sg-1", "sg-2"]
    assert common_groups([{}]) == []


class FakeAws:
    """Answers from a table; everything else is missing."""

    def __init__(self, queues: dict[str, str]) -> None:
        self.queues = queues

    def ask(self, action: str, _service: str, _operation: str, **parameters: Any) -> Any:
        answer = self.queues.get(parameters["QueueName"])
        if answer == "AccessDenied":
            raise AwsError(f"Failed to {action}", answer)
        return answer


@pytest.mark.parametrize(
    ("queues", "found"),
    [
        ({"demo-karpenter": "url", "demo": "url"}, "demo-karpenter"),
        ({"Karpenter-demo": "url"}, "Karpenter-demo"),
        ({"Karpenter-demo": "AccessDenied", "demo": "AccessDenied"}, ""),
        ({}, ""),
    ],
)
def test_a_queue_is_known_by_the_names_that_installers_give_it(queues: dict[str, str], found: str) -> None:
    assert queue_name(FakeAws(queues), "demo") == found  # type: ignore[arg-type]


def test_a_principal_that_may_not_see_our_own_queue_is_an_error() -> None:
    with pytest.raises(AwsError):
        queue_name(FakeAws({"demo-karpenter": "AccessDenied"}), "demo")  # type: ignore[arg-type]


def test_names_are_shortened_as_terraform_shortens_them() -> None:
    text = (ROOT / "terraform/adopt/main.tf").read_text(encoding="utf-8")
    assert '"${substr(var.name, 0, 29)}-${substr(sha256(var.name), 0, 8)}"' in text
    assert prefix_of("a" * 38) == "a" * 38
    assert prefix_of("a" * 39) == "a" * 29 + "-" + hashlib.sha256(b"a" * 39).hexdigest()[:8]


def test_only_both_tags_together_say_that_something_is_ours() -> None:
    assert is_ours([{"Key": "Cluster", "Value": "demo"}, {"Key": "ManagedBy", "Value": "ai_on_eks.dynamo"}], "demo")
    assert not is_ours({"Cluster": "other", "ManagedBy": "ai_on_eks.dynamo"}, "demo")
    assert not is_ours({"Cluster": "demo", "ManagedBy": "terraform"}, "demo")
    assert not is_ours(None, "demo")
