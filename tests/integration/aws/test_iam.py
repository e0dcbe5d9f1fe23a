# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import ACCOUNT, REGION, ROOT, Aws, Network
from .test_eks import error_of

INSTALLER = f"arn:aws:iam::{ACCOUNT}:user/installer"
OWNED = {"kubernetes.io/cluster/dyn": "owned", "karpenter.sh/nodepool": "g5"}


def session(aws: Aws, role_arn: str, name: str = "karpenter-0") -> dict[str, Any]:
    """Credentials as the pod-identity endpoint gets them."""
    made: dict[str, Any] = aws.admin("POST", "credentials", {"role_arn": role_arn, "session_name": name})
    return made


def test_the_installing_user_is_held_to_its_policy(aws: Aws, empty: None) -> None:
    ec2, eks = aws.client("ec2", "credentials"), aws.client("eks", "credentials")
    assert aws.client("sts", "credentials").get_caller_identity()["Arn"] == INSTALLER
    ec2.describe_vpcs()
    code, message = error_of(ec2.create_internet_gateway)
    assert code == "UnauthorizedOperation"
    assert f"User: {INSTALLER} is not authorized to perform: ec2:CreateInternetGateway" in message
    code, message = error_of(eks.list_clusters)
    assert code == "AccessDeniedException"
    assert "eks:ListClusters" in message
    assert error_of(aws.client("iam", "credentials").list_roles)[0] == "AccessDenied"
    denials = aws.admin("GET", "calls")["denials"]
    assert {"ec2:CreateInternetGateway", "eks:ListClusters", "iam:ListRoles"} <= {entry["action"] for entry in denials}


def test_conditions_on_tags(aws: Aws, empty: None) -> None:
    ec2 = aws.client("ec2", "credentials")

    def specification(value: str) -> list[dict[str, Any]]:
        return [{"ResourceType": "vpc", "Tags": [{"Key": "Cluster", "Value": value}]}]

    assert error_of(ec2.create_vpc, CidrBlock="10.0.0.0/16")[0] == "UnauthorizedOperation"
    refused = error_of(ec2.create_vpc, CidrBlock="10.0.0.0/16", TagSpecifications=specification("other"))
    assert refused[0] == "UnauthorizedOperation"
    mine = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=specification("mine"))["Vpc"]["VpcId"]
    assert error_of(ec2.create_tags, Resources=[mine], Tags=[{"Key": "a", "Value": "b"}])[0] == "UnauthorizedOperation"
    other = aws.client("ec2").create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    assert error_of(ec2.delete_vpc, VpcId=other)[0] == "UnauthorizedOperation"
    ec2.delete_vpc(VpcId=mine)
    aws.client("ec2").delete_vpc(VpcId=other)


def test_wrong_keys_and_secrets(aws: Aws) -> None:
    good = json.loads((aws.data / "admin.json").read_text())
    wrong_secret = {"access_key_id": good["access_key_id"], "secret_access_key": "x" * 40}
    unknown = {"access_key_id": "AKIAUNKNOWN000000000", "secret_access_key": "x" * 40}
    for keys, expected in (
        (wrong_secret, {"ec2": "AuthFailure", "eks": "InvalidSignatureException", "sts": "SignatureDoesNotMatch"}),
        (unknown, {"ec2": "AuthFailure", "eks": "UnrecognizedClientException", "sts": "InvalidClientTokenId"}),
    ):
        assert error_of(aws.client("ec2", **keys).describe_vpcs)[0] == expected["ec2"]
        assert error_of(aws.client("eks", **keys).list_clusters)[0] == expected["eks"]
        assert error_of(aws.client("sts", **keys).get_caller_identity)[0] == expected["sts"]


def test_without_a_signature_nothing_is_answered(aws: Aws) -> None:
    request = urllib.request.Request(f"{aws.url}/clusters")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=10)
    assert caught.value.code == 403
    assert json.load(caught.value)["__type"] == "MissingAuthenticationToken"


def test_session_of_a_pod_has_the_permissions_of_its_role(aws: Aws, empty: None, make_role: Callable[..., str]) -> None:
    role = make_role(
        "reader", "pods.eks.amazonaws.com", {"Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*"}
    )
    keys = session(aws, role)
    assert aws.admin("GET", f"identity?access_key_id={keys['access_key_id']}") == {
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/karpenter-0",
        "principal_arn": role,
    }
    ec2 = aws.client("ec2", **keys)
    ec2.describe_instances()
    assert error_of(ec2.describe_vpcs)[0] == "UnauthorizedOperation"
    without_token = {name: value for name, value in keys.items() if name != "session_token"}
    assert error_of(aws.client("ec2", **without_token).describe_instances)[0] == "AuthFailure"


def test_credentials_need_a_role_that_trusts_pods(aws: Aws, empty: None, make_role: Callable[..., str]) -> None:
    refused = session(aws, make_role("other", "ec2.amazonaws.com"))
    assert refused["status"] == 403
    assert "does not allow pods.eks.amazonaws.com" in refused["error"]
    assert session(aws, f"arn:aws:iam::{ACCOUNT}:role/none")["status"] == 404
    assert aws.admin("GET", "identity?access_key_id=AKIA")["status"] == 404


def test_handing_a_role_to_eks_needs_pass_role(aws: Aws, network: Network, make_role: Callable[..., str]) -> None:
    role = make_role(
        "maker", "pods.eks.amazonaws.com", {"Effect": "Allow", "Action": "eks:CreateCluster", "Resource": "*"}
    )
    eks = aws.client("eks", **session(aws, role))
    code, message = error_of(
        eks.create_cluster, name="x", roleArn=role, resourcesVpcConfig={"subnetIds": network.subnets}
    )
    assert code == "AccessDeniedException"
    assert f"iam:PassRole on resource: {role}" in message


def test_placement_groups_have_tags_for_policies(aws: Aws, empty: None, make_role: Callable[..., str]) -> None:
    own = {"StringEquals": {"aws:ResourceTag/Cluster": "mine"}}
    allowed = {"Effect": "Allow", "Action": "ec2:DeletePlacementGroup", "Resource": "*", "Condition": own}
    ec2 = aws.client("ec2")
    for value in ("mine", "other"):
        tags = [{"ResourceType": "placement-group", "Tags": [{"Key": "Cluster", "Value": value}]}]
        ec2.create_placement_group(GroupName=value, Strategy="cluster", TagSpecifications=tags)
    cleaner = aws.client("ec2", **session(aws, make_role("cleaner", "pods.eks.amazonaws.com", allowed)))
    cleaner.delete_placement_group(GroupName="mine")
    assert error_of(cleaner.delete_placement_group, GroupName="other")[0] == "UnauthorizedOperation"
    ec2.delete_placement_group(GroupName="other")


def test_a_node_group_needs_what_its_template_launches(
    aws: Aws, cluster: str, network: Network, make_role: Callable[..., str]
) -> None:
    eks_only = {"Effect": "Allow", "Action": ["eks:*", "iam:PassRole"], "Resource": "*"}
    role, ec2 = make_role("groups", "pods.eks.amazonaws.com", eks_only), aws.client("ec2")
    made = ec2.create_launch_template(
        LaunchTemplateName="t",
        LaunchTemplateData={"TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}]},
    )["LaunchTemplate"]
    params = {
        "clusterName": cluster,
        "nodegroupName": "core",
        "nodeRole": make_role("nodes", "ec2.amazonaws.com"),
        "subnets": network.subnets,
        "launchTemplate": {"id": made["LaunchTemplateId"]},
    }
    code, message = error_of(aws.client("eks", **session(aws, role)).create_nodegroup, **params)
    assert code == "AccessDeniedException"
    assert "ec2:RunInstances on resource: arn:aws:ec2:us-west-2:123456789012:instance/*" in message
    launching = {"Effect": "Allow", "Action": ["ec2:RunInstances", "ec2:CreateTags"], "Resource": "*"}
    able = session(aws, make_role("able", "pods.eks.amazonaws.com", eks_only, launching))
    aws.client("eks", **able).create_nodegroup(**params)
    granted = aws.admin("GET", "calls")["granted"][f"arn:aws:iam::{ACCOUNT}:role/able"]
    assert {"eks:CreateNodegroup", "ec2:RunInstances", "ec2:CreateTags", "iam:PassRole"} <= set(granted)
    ec2.delete_launch_template(LaunchTemplateId=made["LaunchTemplateId"])


def test_fleet_needs_every_permission_that_it_uses(aws: Aws, network: Network, make_role: Callable[..., str]) -> None:
    """A role that may launch only what it tags as its own, as Karpenter's."""
    ec2, iam = aws.client("ec2"), aws.client("iam")
    arn = f"arn:aws:ec2:{REGION}:*"
    tagged = {"StringEquals": {f"aws:RequestTag/{key}": value for key, value in OWNED.items()}}
    launch = ["ec2:RunInstances", "ec2:CreateFleet"]
    node = make_role("node", "ec2.amazonaws.com")
    allow: list[dict[str, Any]] = [
        {
            "Action": launch,
            "Resource": [f"arn:aws:ec2:{REGION}::image/*", f"{arn}:subnet/*", f"{arn}:security-group/*"],
        },
        {
            "Action": launch,
            "Resource": f"{arn}:launch-template/*",
            "Condition": {"StringEquals": {"aws:ResourceTag/kubernetes.io/cluster/dyn": "owned"}},
        },
        {
            "Action": launch,
            "Resource": [f"{arn}:{kind}/*" for kind in ("fleet", "instance", "volume", "network-interface")],
            "Condition": tagged,
        },
        {
            "Action": "ec2:CreateTags",
            "Resource": [f"{arn}:{kind}/*" for kind in ("fleet", "instance", "volume", "network-interface")],
            "Condition": {"StringEquals": {"ec2:CreateAction": ["RunInstances", "CreateFleet"]}},
        },
        {
            "Action": "iam:PassRole",
            "Resource": node,
            "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
        },
    ]
    role = make_role("karpenter", "pods.eks.amazonaws.com", *({"Effect": "Allow", **entry} for entry in allow))
    iam.create_instance_profile(InstanceProfileName="node")
    iam.add_role_to_instance_profile(InstanceProfileName="node", RoleName="node")
    image = ec2.describe_images(Owners=["602401143452"])["Images"][0]["ImageId"]
    tags = [{"Key": key, "Value": value} for key, value in OWNED.items()]
    template = ec2.create_launch_template(
        LaunchTemplateName="lt",
        LaunchTemplateData={"ImageId": image, "IamInstanceProfile": {"Name": "node"}},
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": tags}],
    )["LaunchTemplate"]["LaunchTemplateId"]

    def fleet(kinds: tuple[str, ...]) -> dict[str, Any]:
        override = {"InstanceType": "m5.large", "SubnetId": network.subnets[0]}
        specification = {"LaunchTemplateId": template, "Version": "$Latest"}
        return {
            "Type": "instant",
            "LaunchTemplateConfigs": [{"LaunchTemplateSpecification": specification, "Overrides": [override]}],
            "TargetCapacitySpecification": {"TotalTargetCapacity": 1, "DefaultTargetCapacityType": "on-demand"},
            "TagSpecifications": [{"ResourceType": kind, "Tags": tags} for kind in kinds],
        }

    mine = aws.client("ec2", **session(aws, role))
    every = ("fleet", "instance", "volume", "network-interface")
    code, message = error_of(mine.create_fleet, **fleet(every[:2]))
    assert code == "UnauthorizedOperation"
    assert "ec2:RunInstances on resource" in message
    assert ":volume/*" in message
    launched = mine.create_fleet(**fleet(every))["Instances"][0]["InstanceIds"]
    assert error_of(mine.terminate_instances, InstanceIds=launched)[0] == "UnauthorizedOperation"
    iam.remove_role_from_instance_profile(InstanceProfileName="node", RoleName="node")
    ec2.terminate_instances(InstanceIds=launched)
    ec2.delete_launch_template(LaunchTemplateId=template)
    iam.delete_instance_profile(InstanceProfileName="node")


def test_a_controller_tags_only_its_own_instance_profiles(aws: Aws, empty: None, make_role: Callable[..., str]) -> None:
    """As Karpenter's documented policy: tagging needs the tag on the profile and in the request."""
    owned = "kubernetes.io/cluster/dyn"
    role = make_role(
        "karpenter",
        "pods.eks.amazonaws.com",
        {
            "Effect": "Allow",
            "Action": "iam:CreateInstanceProfile",
            "Resource": "*",
            "Condition": {"StringEquals": {f"aws:RequestTag/{owned}": "owned"}},
        },
        {
            "Effect": "Allow",
            "Action": "iam:TagInstanceProfile",
            "Resource": "*",
            "Condition": {
                "StringEquals": {f"aws:RequestTag/{owned}": "owned", f"aws:ResourceTag/{owned}": "owned"},
            },
        },
    )
    mine, iam = aws.client("iam", **session(aws, role)), aws.client("iam")
    tags = [{"Key": owned, "Value": "owned"}]
    assert error_of(mine.create_instance_profile, InstanceProfileName="mine")[0] == "AccessDenied"
    mine.create_instance_profile(InstanceProfileName="mine", Path="/karpenter/", Tags=tags)
    iam.create_instance_profile(InstanceProfileName="foreign")
    mine.tag_instance_profile(InstanceProfileName="mine", Tags=tags)
    assert error_of(mine.tag_instance_profile, InstanceProfileName="foreign", Tags=tags)[0] == "AccessDenied"
    for name in ("mine", "foreign"):
        iam.delete_instance_profile(InstanceProfileName=name)


def test_assume_role_needs_trust(aws: Aws, empty: None, make_role: Callable[..., str]) -> None:
    role = make_role("trusting-nobody", "ec2.amazonaws.com")
    sts = aws.client("sts")
    assert error_of(sts.assume_role, RoleArn=role, RoleSessionName="session")[0] == "AccessDenied"
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/admin"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    aws.client("iam").update_assume_role_policy(RoleName="trusting-nobody", PolicyDocument=json.dumps(trust))
    keys = sts.assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    me = aws.client(
        "sts",
        access_key_id=keys["AccessKeyId"],
        secret_access_key=keys["SecretAccessKey"],
        session_token=keys["SessionToken"],
    )
    assert me.get_caller_identity()["Arn"].endswith(":assumed-role/trusting-nobody/session")


def test_what_nobody_implements_is_named(aws: Aws) -> None:
    code, message = error_of(aws.client("ec2").describe_fpga_images)
    assert code == "RehearsalNotImplemented"
    assert "ec2:DescribeFpgaImages" in message
    code, message = error_of(aws.client("gamelift").list_fleets)
    assert code == "RehearsalNotImplemented"
    assert "gamelift:ListFleets" in message
    assert {"ec2:DescribeFpgaImages", "gamelift:ListFleets"} <= set(aws.admin("GET", "calls")["unimplemented"])


def test_admin_api_refuses_what_it_does_not_know(aws: Aws) -> None:
    assert aws.admin("GET", "nothing")["status"] == 404
    assert aws.admin("DELETE", "health")["status"] == 405
    assert aws.admin("POST", "faults", {"kind": "flood"})["status"] == 400
    assert aws.admin("POST", "latencies", {"eks:CreateCluster": "long"})["status"] == 400
    assert (
        aws.admin("POST", "eks/clusters/none/active", {"endpoint": "x", "certificate_authority": "y"})["status"] == 404
    )
    assert aws.admin("DELETE", "faults/none")["status"] == 404


def test_calls_are_counted_by_principal(aws: Aws) -> None:
    aws.admin("DELETE", "calls")
    aws.client("sqs").list_queues()
    aws.client("sqs").list_queues()
    assert aws.admin("GET", "calls")["principals"] == {f"arn:aws:iam::{ACCOUNT}:user/admin": {"sqs:ListQueues": 2}}


def test_start_without_policy_or_with_a_taken_port(aws: Aws, tmp_path: Path) -> None:
    def start(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "rehearsal.aws", "--data", str(tmp_path), *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    missing = start("--port", "0", "--installer-policy", str(tmp_path / "none.json"))
    assert missing.returncode == 1
    assert missing.stderr.startswith("Failed to read the installer's policy")
    assert missing.stderr.count("\n") == 1
    port = aws.url.rpartition(":")[2]
    taken = start("--port", port, "--installer-policy", str(aws.data / "installer-policy.json"))
    assert taken.returncode == 1
    assert f"port {port}" in taken.stderr.lower()
    assert not (tmp_path / "credentials.json").exists()
