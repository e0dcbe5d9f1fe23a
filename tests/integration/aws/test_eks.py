# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import ACCOUNT, CA, Aws, Network

NODE_TRUST = "ec2.amazonaws.com"


def error_of(function: Callable[..., Any], **params: Any) -> tuple[str, str]:
    """Code and message of the error of a call."""
    with pytest.raises(ClientError) as caught:
        function(**params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_life_of_a_cluster(aws: Aws, network: Network, make_role: Callable[..., str]) -> None:
    eks, ec2, logs = aws.client("eks"), aws.client("ec2"), aws.client("logs")
    role = make_role("life", "eks.amazonaws.com")
    made = eks.create_cluster(
        name="life",
        version="1.35",
        roleArn=role,
        resourcesVpcConfig={"subnetIds": network.subnets, "endpointPrivateAccess": True},
        accessConfig={"authenticationMode": "API"},
        logging={"clusterLogging": [{"types": ["audit"], "enabled": True}]},
        tags={"Cluster": "life"},
    )["cluster"]
    assert made["status"] == "CREATING"
    assert "endpoint" not in made
    assert aws.admin("GET", "eks/clusters")[0]["status"] == "CREATING"
    assert error_of(eks.delete_cluster, name="life")[0] == "ResourceInUseException"
    aws.admin("POST", "eks/clusters/life/active", {"endpoint": "https://127.0.0.1:1", "certificate_authority": CA})
    shown = eks.describe_cluster(name="life")["cluster"]
    assert (shown["status"], shown["endpoint"], shown["certificateAuthority"]["data"]) == (
        "ACTIVE",
        "https://127.0.0.1:1",
        CA,
    )
    assert shown["identity"]["oidc"]["issuer"].startswith("https://oidc.eks.us-west-2.amazonaws.com/id/")
    assert shown["logging"]["clusterLogging"][0] == {"types": ["audit"], "enabled": True}
    group = ec2.describe_security_groups(GroupIds=[shown["resourcesVpcConfig"]["clusterSecurityGroupId"]])
    group = group["SecurityGroups"][0]
    assert group["GroupName"].startswith("eks-cluster-sg-life-")
    assert {"Key": "kubernetes.io/cluster/life", "Value": "owned"} in group["Tags"]
    interfaces = ec2.describe_network_interfaces(Filters=[{"Name": "description", "Values": ["Amazon EKS life"]}])
    assert len(interfaces["NetworkInterfaces"]) == 2
    assert error_of(ec2.delete_subnet, SubnetId=network.subnets[0])[0] == "DependencyViolation"
    assert logs.describe_log_groups()["logGroups"][0]["logGroupName"] == "/aws/eks/life/cluster"
    assert eks.delete_cluster(name="life")["cluster"]["status"] == "DELETING"
    assert eks.describe_cluster(name="life")["cluster"]["status"] == "DELETING"
    assert aws.admin("GET", "eks/clusters")[0]["status"] == "DELETING"
    aws.admin("POST", "eks/clusters/life/deleted", {})
    assert error_of(eks.describe_cluster, name="life") == (
        "ResourceNotFoundException",
        "No cluster found for name: life.",
    )
    assert error_of(ec2.describe_security_groups, GroupIds=[group["GroupId"]])[0] == "InvalidGroup.NotFound"
    logs.delete_log_group(logGroupName="/aws/eks/life/cluster")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"version": "1.19"}, "unsupported Kubernetes version"),
        ({"name": "-x"}, "cluster name"),
        ({"roleArn": f"arn:aws:iam::{ACCOUNT}:role/none"}, "could not be assumed because it does not exist"),
        ({"resourcesVpcConfig": {"subnetIds": ["subnet-1", "subnet-2"]}}, "does not exist"),
    ],
)
def test_refused_clusters(
    aws: Aws, network: Network, make_role: Callable[..., str], change: dict[str, Any], expected: str
) -> None:
    params = {
        "name": "no",
        "roleArn": make_role("no", "eks.amazonaws.com"),
        "resourcesVpcConfig": {"subnetIds": network.subnets},
    }
    code, message = error_of(aws.client("eks").create_cluster, **{**params, **change})
    assert code == "InvalidParameterException"
    assert expected in message


def test_subnets_in_one_zone_are_refused(aws: Aws, network: Network, make_role: Callable[..., str]) -> None:
    code, message = error_of(
        aws.client("eks").create_cluster,
        name="no",
        roleArn=make_role("no", "eks.amazonaws.com"),
        resourcesVpcConfig={"subnetIds": network.subnets[:1]},
    )
    assert (code, message) == (
        "InvalidParameterException",
        "Subnets specified must be in at least two different AZs",
    )


def test_node_group_launches_replaces_and_terminates(
    aws: Aws, cluster: str, network: Network, make_role: Callable[..., str]
) -> None:
    eks, ec2 = aws.client("eks"), aws.client("ec2")
    role = make_role("dyn-node", NODE_TRUST)
    eks.create_nodegroup(
        clusterName=cluster,
        nodegroupName="core",
        nodeRole=role,
        subnets=network.subnets,
        instanceTypes=["m5.large"],
        scalingConfig={"minSize": 1, "maxSize": 3, "desiredSize": 2},
    )
    assert eks.describe_nodegroup(clusterName=cluster, nodegroupName="core")["nodegroup"]["status"] == "ACTIVE"
    group = eks.describe_cluster(name=cluster)["cluster"]["resourcesVpcConfig"]["clusterSecurityGroupId"]
    first = running(ec2)
    assert sorted(instance["SubnetId"] for instance in first) == sorted(network.subnets)
    for instance in first:
        tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
        assert (tags["eks:cluster-name"], tags["eks:nodegroup-name"]) == ("dyn", "core")
        assert tags["kubernetes.io/cluster/dyn"] == "owned"
        assert [entry["GroupId"] for entry in instance["SecurityGroups"]] == [group]
        assert [entry["GroupId"] for entry in instance["NetworkInterfaces"][0]["Groups"]] == [group]
    assert role in eks.list_access_entries(clusterName=cluster)["accessEntries"]
    assert error_of(eks.delete_cluster, name=cluster) == ("ResourceInUseException", "Cluster has nodegroups attached")
    scaling = {"minSize": 1, "maxSize": 3, "desiredSize": 3}
    eks.update_nodegroup_config(clusterName=cluster, nodegroupName="core", scalingConfig=scaling)
    eks.describe_nodegroup(clusterName=cluster, nodegroupName="core")
    assert len(running(ec2)) == 3
    update = eks.update_nodegroup_version(clusterName=cluster, nodegroupName="core")["update"]
    shown = eks.describe_update(name=cluster, updateId=update["id"], nodegroupName="core")["update"]
    assert (shown["type"], shown["status"]) == ("VersionUpdate", "Successful")
    assert eks.list_updates(name=cluster, nodegroupName="core")["updateIds"][-1] == update["id"]
    assert error_of(eks.describe_update, name=cluster, updateId=update["id"])[0] == "ResourceNotFoundException"
    second = running(ec2)
    assert len(second) == 3
    assert not {instance["InstanceId"] for instance in first} & {instance["InstanceId"] for instance in second}
    eks.delete_nodegroup(clusterName=cluster, nodegroupName="core")
    assert running(ec2) == []
    assert eks.list_nodegroups(clusterName=cluster)["nodegroups"] == []
    assert role not in eks.list_access_entries(clusterName=cluster)["accessEntries"]


def test_a_node_group_is_replaced_in_steps(
    aws: Aws, cluster: str, network: Network, make_role: Callable[..., str]
) -> None:
    eks, ec2 = aws.client("eks"), aws.client("ec2")
    names = {"clusterName": cluster, "nodegroupName": "core"}
    eks.create_nodegroup(
        **names,
        nodeRole=make_role("dyn-node", NODE_TRUST),
        subnets=network.subnets,
        scalingConfig={"minSize": 1, "maxSize": 4, "desiredSize": 4},
        updateConfig={"maxUnavailablePercentage": 50},
    )
    for version, message in (
        ("1.34", "Requested Nodegroup version 1.34 is not supported by cluster version"),
        ("1.32", "Unsupported Kubernetes minor version update from 1.33 to 1.32"),
    ):
        assert error_of(eks.update_nodegroup_version, **names, version=version) == (
            "InvalidParameterException",
            message,
        )
    assert error_of(eks.update_nodegroup_version, **names, version="1.33", releaseVersion="1.34.4-20260714")[1] == (
        "Requested release version 1.34.4-20260714 is not valid for kubernetes version 1.33."
    )
    first = {instance["InstanceId"] for instance in running(ec2)}
    aws.admin("POST", "latencies", {"eks:UpdateNodegroupVersion": 3600})
    eks.update_nodegroup_version(**names)
    aws.admin("POST", "latencies", {"eks:UpdateNodegroupVersion": 0})
    assert eks.describe_nodegroup(**names)["nodegroup"]["status"] == "UPDATING"
    surge = {instance["InstanceId"] for instance in running(ec2)}
    assert len(surge) == 6, "half of the group has its successors beside it"
    assert first < surge
    assert error_of(eks.update_nodegroup_version, **names)[0] == "ResourceInUseException"


def running(ec2: Any) -> list[dict[str, Any]]:
    """Instances that are not terminated."""
    states = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
    return [
        instance
        for reservation in ec2.describe_instances(Filters=states)["Reservations"]
        for instance in reservation["Instances"]
    ]


def test_node_group_latency_is_a_state(aws: Aws, cluster: str, network: Network, make_role: Callable[..., str]) -> None:
    eks = aws.client("eks")
    aws.admin("POST", "latencies", {"eks:CreateNodegroup": 3600})
    try:
        made = eks.create_nodegroup(
            clusterName=cluster, nodegroupName="slow", nodeRole=make_role("slow", NODE_TRUST), subnets=network.subnets
        )
        assert made["nodegroup"]["status"] == "CREATING"
        assert eks.describe_nodegroup(clusterName=cluster, nodegroupName="slow")["nodegroup"]["status"] == "CREATING"
    finally:
        aws.admin("POST", "latencies", {"eks:CreateNodegroup": 0})


def test_access_entries_and_policies(aws: Aws, cluster: str, make_role: Callable[..., str]) -> None:
    eks, role = aws.client("eks"), make_role("reader", "ec2.amazonaws.com")
    creator = f"arn:aws:iam::{ACCOUNT}:user/admin"
    entry = {"clusterName": cluster, "principalArn": role}
    assert eks.list_access_entries(clusterName=cluster)["accessEntries"] == [creator]
    policies = eks.list_associated_access_policies(clusterName=cluster, principalArn=creator)
    assert [policy["policyArn"].rpartition("/")[2] for policy in policies["associatedAccessPolicies"]] == [
        "AmazonEKSClusterAdminPolicy"
    ]
    eks.create_access_entry(**entry, kubernetesGroups=["readers"], tags={"a": "b"})
    assert error_of(eks.create_access_entry, **entry)[0] == "ResourceInUseException"
    view = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
    scope = {"type": "namespace", "namespaces": ["dynamo-cloud"]}
    eks.associate_access_policy(**entry, policyArn=view, accessScope=scope)
    found = eks.list_associated_access_policies(**entry)["associatedAccessPolicies"][0]
    assert (found["policyArn"], found["accessScope"]) == (view, scope)
    assert eks.list_access_entries(clusterName=cluster, associatedPolicyArn=view)["accessEntries"] == [role]
    assert eks.update_access_entry(**entry, kubernetesGroups=["x"])["accessEntry"]["kubernetesGroups"] == ["x"]
    eks.disassociate_access_policy(**entry, policyArn=view)
    assert eks.list_associated_access_policies(**entry)["associatedAccessPolicies"] == []
    eks.delete_access_entry(**entry)
    assert error_of(eks.describe_access_entry, **entry)[0] == "ResourceNotFoundException"
    unknown = {"clusterName": cluster, "principalArn": f"arn:aws:iam::{ACCOUNT}:role/none"}
    assert error_of(eks.create_access_entry, **unknown)[0] == "InvalidParameterException"


def test_pod_identity(aws: Aws, cluster: str, make_role: Callable[..., str]) -> None:
    eks = aws.client("eks")
    role = make_role("karpenter", "pods.eks.amazonaws.com")
    wanted = {"clusterName": cluster, "namespace": "karpenter", "serviceAccount": "karpenter", "roleArn": role}
    made = eks.create_pod_identity_association(**wanted)["association"]
    assert error_of(eks.create_pod_identity_association, **wanted)[0] == "ResourceInUseException"
    listed = eks.list_pod_identity_associations(clusterName=cluster, namespace="karpenter")["associations"]
    assert [one["associationId"] for one in listed] == [made["associationId"]]
    assert eks.list_pod_identity_associations(clusterName=cluster, namespace="other")["associations"] == []
    one = {"clusterName": cluster, "associationId": made["associationId"]}
    assert eks.describe_pod_identity_association(**one)["association"]["roleArn"] == role
    eks.delete_pod_identity_association(**one)
    assert error_of(eks.describe_pod_identity_association, **one)[0] == "ResourceNotFoundException"


def test_addons(aws: Aws, cluster: str, network: Network, make_role: Callable[..., str]) -> None:
    eks, role = aws.client("eks"), make_role("ebs", "pods.eks.amazonaws.com")
    versions = eks.describe_addon_versions(addonName="kube-proxy", kubernetesVersion="1.33")["addons"][0]
    shown = {one["addonVersion"]: one["compatibilities"][0]["defaultVersion"] for one in versions["addonVersions"]}
    assert all(version.startswith("v1.33.") for version in shown)
    assert sum(shown.values()) == 1
    assert not shown[max(shown)], "the default is not the newest"
    addon = {"clusterName": cluster, "addonName": "aws-ebs-csi-driver"}
    identity = {"serviceAccount": "ebs-csi-controller-sa", "roleArn": role}
    eks.create_addon(**addon, podIdentityAssociations=[identity], configurationValues='{"a": 1}')
    assert eks.describe_addon(**addon)["addon"]["status"] == "CREATING", "its pods have no node yet"
    eks.create_addon(clusterName=cluster, addonName="vpc-cni")
    assert eks.describe_addon(clusterName=cluster, addonName="vpc-cni")["addon"]["status"] == "ACTIVE"
    nodes = {"nodeRole": make_role("n", NODE_TRUST), "subnets": network.subnets}
    eks.create_nodegroup(clusterName=cluster, nodegroupName="core", **nodes)
    shown = eks.describe_addon(**addon)["addon"]
    assert (shown["status"], len(shown["podIdentityAssociations"])) == ("ACTIVE", 1)
    assert error_of(eks.create_addon, **addon)[0] == "ResourceInUseException"
    update = eks.update_addon(**addon, configurationValues='{"a": 2}')["update"]
    done = eks.describe_update(name=cluster, updateId=update["id"], addonName="aws-ebs-csi-driver")["update"]
    assert (update["status"], done["status"]) == ("InProgress", "Successful")
    assert eks.describe_addon(**addon)["addon"]["configurationValues"] == '{"a": 2}'
    eks.delete_addon(**addon)
    assert error_of(eks.describe_addon, **addon)[0] == "ResourceNotFoundException"
    assert eks.list_pod_identity_associations(clusterName=cluster)["associations"] == []
    for name, values in (
        ("nothing", {}),
        ("coredns", {"addonVersion": "v1.13.2-eksbuild.1"}),
        ("coredns", {"configurationValues": "{"}),
    ):
        refused = error_of(eks.create_addon, clusterName=cluster, addonName=name, **values)
        assert refused[0] == "InvalidParameterException"


def test_upgrade(aws: Aws, cluster: str) -> None:
    eks = aws.client("eks")
    code, message = error_of(eks.update_cluster_version, name=cluster, version="1.35")
    assert (code, message) == (
        "InvalidParameterException",
        "Unsupported Kubernetes minor version update from 1.33 to 1.35",
    )
    aws.admin("POST", "latencies", {"eks:UpdateClusterVersion": 3600})
    update = eks.update_cluster_version(name=cluster, version="1.34")["update"]
    aws.admin("POST", "latencies", {"eks:UpdateClusterVersion": 0})
    assert update["status"] == "InProgress"
    assert eks.describe_cluster(name=cluster)["cluster"]["status"] == "UPDATING"
    assert error_of(eks.update_cluster_version, name=cluster, version="1.34")[0] == "ResourceInUseException"


def test_upgrade_in_place(aws: Aws, cluster: str) -> None:
    eks = aws.client("eks")
    for version in ("1.32", "1.33"):
        assert error_of(eks.update_cluster_version, name=cluster, version=version) == (
            "InvalidParameterException",
            f"Unsupported Kubernetes minor version update from 1.33 to {version}",
        )
    eks.create_addon(clusterName=cluster, addonName="kube-proxy")
    old = eks.describe_addon(clusterName=cluster, addonName="kube-proxy")["addon"]["addonVersion"]
    update = eks.update_cluster_version(name=cluster, version="1.34")["update"]
    assert aws.admin("GET", "eks/clusters")[0]["wanted_version"] == "1.34"
    assert eks.describe_update(name=cluster, updateId=update["id"])["update"]["status"] == "InProgress"
    assert aws.admin("POST", f"eks/clusters/{cluster}/upgraded", {"version": "1.35"})["status"] == 409
    aws.admin("POST", f"eks/clusters/{cluster}/upgraded", {"version": "1.34"})
    assert eks.describe_update(name=cluster, updateId=update["id"])["update"]["status"] == "Successful"
    kept = {"clusterName": cluster, "addonName": "kube-proxy"}
    assert eks.describe_addon(**kept)["addon"]["addonVersion"] == old
    eks.update_addon(**kept, addonVersion="v1.34.1-eksbuild.2")
    assert error_of(eks.update_addon, **kept, addonVersion=old)[1] == "Addon version specified is not supported"
    shown = eks.describe_cluster(name=cluster)["cluster"]
    assert (shown["version"], shown["status"]) == ("1.34", "ACTIVE")


def test_configuration_changes_one_at_a_time(aws: Aws, cluster: str) -> None:
    eks = aws.client("eks")
    access = {"endpointPublicAccess": True, "publicAccessCidrs": ["203.0.113.0/24"]}
    eks.update_cluster_config(name=cluster, resourcesVpcConfig=access)
    shown = eks.describe_cluster(name=cluster)["cluster"]["resourcesVpcConfig"]
    assert shown["publicAccessCidrs"] == ["203.0.113.0/24"]
    assert len(shown["subnetIds"]) == 2
    assert (
        "already at the desired configuration"
        in error_of(eks.update_cluster_config, name=cluster, resourcesVpcConfig=access)[1]
    )
    support = {"supportType": "STANDARD"}
    logging = {"clusterLogging": [{"types": ["audit"], "enabled": True}]}
    assert error_of(eks.update_cluster_config, name=cluster, upgradePolicy=support, logging=logging) == (
        "InvalidParameterException",
        "Only one type of update can be allowed.",
    )
    back = {"authenticationMode": "CONFIG_MAP"}
    assert error_of(eks.update_cluster_config, name=cluster, accessConfig=back)[1] == (
        "Unsupported authentication mode update from API to CONFIG_MAP"
    )
    eks.update_cluster_config(name=cluster, upgradePolicy=support)
    assert eks.describe_cluster(name=cluster)["cluster"]["upgradePolicy"] == {"supportType": "STANDARD"}


def test_tags(aws: Aws, cluster: str) -> None:
    eks = aws.client("eks")
    arn = eks.describe_cluster(name=cluster)["cluster"]["arn"]
    eks.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
    eks.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert eks.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2"}


def test_versions_with_their_support_dates(aws: Aws) -> None:
    versions = {
        entry["clusterVersion"]: entry for entry in aws.client("eks").describe_cluster_versions()["clusterVersions"]
    }
    assert str(versions["1.33"]["endOfStandardSupportDate"].date()) == "2026-07-29"
    assert [version for version, entry in versions.items() if entry["defaultVersion"]] == ["1.35"]
