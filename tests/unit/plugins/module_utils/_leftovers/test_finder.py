# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The scan: what it calls, what it finds, what it says of what it could not see."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import UnknownServiceError

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._leftovers import asking, finder, kinds, look, prices

from .account import NETWORK, FakeClient, refusal


def scan(
    *names: str, answers: dict[str, Any], manifest: dict[str, Any] | None = None
) -> tuple[finder.Scan, FakeClient]:
    client = FakeClient(answers)
    wanted = [kinds.BY_NAME[name] for name in names]
    return finder.find(lambda _service: client, "dyn", "us-west-2", manifest or {}, wanted), client


def instance(identifier: str, state: str = "running", **more: Any) -> dict[str, Any]:
    return {"InstanceId": identifier, "State": {"Name": state}, **more}


def tagged(value: str, key: str = "Cluster") -> list[dict[str, str]]:
    return [{"Key": key, "Value": value}, {"Key": "ManagedBy", "Value": "ai_on_eks.dynamo"}]


def test_what_is_gone_and_what_is_not_ours_is_no_leftover() -> None:
    instances = [
        instance("i-1", Tags=tagged("dyn")),
        instance("i-2", "terminated", Tags=tagged("dyn")),
        instance("i-3", Tags=tagged("dyn-2")),
        instance("i-4", VpcId="vpc-1"),
        instance("i-5", VpcId="vpc-2"),
    ]
    found, client = scan(
        "ec2_instance",
        answers={"describe_vpcs": NETWORK, "describe_instances": {"Reservations": [{"Instances": instances}]}},
    )
    assert [(one.id, one.reason) for one in found.leftovers] == [("i-1", "Cluster=dyn")]
    assert [(one.id, one.owned) for one in found.foreign] == [("i-4", False)]
    assert found.kinds_checked == ["ec2_instance"]
    assert len(client.calls) == 2


def test_tags_are_asked_only_for_names_that_hold_the_cluster() -> None:
    tags = {"dyn-karpenter": "dyn", "dyn-2-karpenter": "dyn-2"}
    roles = [{"RoleName": name, "Path": "/"} for name in [*tags, *(f"other-{i}" for i in range(1000))]]
    found, client = scan(
        "iam_role",
        answers={
            "list_roles": {"Roles": roles},
            "list_role_tags": lambda RoleName: {"Tags": tagged(tags[RoleName])},
        },
    )
    assert [(one.id, one.region) for one in found.leftovers] == [("dyn-karpenter", "global")]
    assert len(client.asked("list_role_tags")) == 2


def test_the_index_of_tags_says_whose_tags_to_ask_for() -> None:
    found, client = scan(
        "s3_bucket",
        answers={
            "get_resources": {"ResourceTagMappingList": [{"ResourceARN": "arn:aws:s3:::weights-7f3a"}]},
            "list_buckets": {"Buckets": [{"Name": "weights-7f3a"}, {"Name": "others"}]},
            "get_bucket_tagging": {"TagSet": tagged("dyn")},
        },
    )
    assert [one.id for one in found.leftovers] == ["weights-7f3a"]
    assert client.asked("get_bucket_tagging") == [{"Bucket": "weights-7f3a"}]


def test_without_the_index_the_scan_goes_on_and_says_so() -> None:
    def refuse(**_: Any) -> None:
        raise refusal("AccessDeniedException", "GetResources")

    found, _ = scan("s3_bucket", answers={"get_resources": refuse, "list_buckets": {"Buckets": []}})
    assert found.kinds_checked == ["s3_bucket"]
    assert [(error["kind"], error["action"]) for error in found.errors] == [("tag_index", "tag:GetResources")]


def test_a_kind_that_may_not_be_read_is_reported_not_hidden() -> None:
    def refuse() -> None:
        raise refusal("AccessDenied", "ListQueues")

    found, _ = scan("sqs_queue", "vpc", answers={"list_queues": refuse, "describe_vpcs": NETWORK})
    assert [one.kind for one in found.leftovers] == ["vpc"]
    assert found.kinds_checked == ["vpc"]
    (error,) = found.errors
    assert (error["kind"], error["code"], error["denied"]) == ("sqs_queue", "AccessDenied", True)
    assert error["action"] == "sqs:ListQueues"


def test_a_service_that_boto3_or_the_region_lacks_is_left_out() -> None:
    client = FakeClient({})

    def clients(service: str) -> Any:
        if service == "s3files":
            raise UnknownServiceError(service_name=service, known_service_names="")
        return client

    wanted = [kinds.BY_NAME["s3files_file_system"], kinds.BY_NAME["vpc"]]
    found = finder.find(clients, "dyn", "us-west-2", {}, wanted)
    assert (found.kinds_checked, found.errors) == (["vpc"], [])


def test_a_key_is_found_by_its_alias_and_pending_deletion_is_free() -> None:
    states = {"k-1": "PendingDeletion", "k-2": "Enabled", "k-3": "Enabled"}
    owners = {"k-1": "dyn", "k-2": "dyn-2", "k-3": "x"}
    found, client = scan(
        "kms_alias",
        "kms_key",
        answers={
            "list_aliases": {
                "Aliases": [
                    {"AliasName": "alias/eks/dyn", "TargetKeyId": "k-1"},
                    {"AliasName": "alias/eks/dyn-2", "TargetKeyId": "k-2"},
                    {"AliasName": "alias/else", "TargetKeyId": "k-3"},
                ]
            },
            "list_keys": {"Keys": [{"KeyId": key} for key in states]},
            "list_resource_tags": lambda KeyId: {
                "Tags": [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in tagged(owners[KeyId])]
            },
            "describe_key": lambda KeyId: {"KeyMetadata": {"KeyId": KeyId, "KeyState": states[KeyId]}},
        },
    )
    prices.put_on(found.leftovers, prices.TABLE)
    assert [(one.id, one.pending, one.monthly_usd) for one in found.leftovers] == [
        ("alias/eks/dyn", False, 0.0),
        ("k-1", True, 0.0),
    ]
    assert {"KeyId": "k-3"} not in client.asked("list_resource_tags")


def test_parts_are_listed_once_for_each_of_ours() -> None:
    systems = [
        {"FileSystemId": "fs-1", "Tags": tagged("dyn"), "FileSystemArn": "arn:fs-1"},
        {"FileSystemId": "fs-2", "Tags": []},
    ]
    found, client = scan(
        "efs_mount_target",
        "recovery_point",
        answers={
            "describe_file_systems": {"FileSystems": systems},
            "describe_mount_targets": {"MountTargets": [{"MountTargetId": "fsmt-1"}]},
            "list_recovery_points_by_resource": {
                "RecoveryPoints": [{"RecoveryPointArn": "arn:rp", "Status": "COMPLETED"}]
            },
        },
        manifest={"efs_ids": ["fs-0"], "account": "123456789012"},
    )
    assert [(one.kind, one.parent) for one in found.leftovers] == [
        ("efs_mount_target", "fs-1"),
        ("recovery_point", "arn:aws:elasticfilesystem:us-west-2:123456789012:file-system/fs-0"),
        ("recovery_point", "arn:fs-1"),
    ]
    assert client.asked("describe_mount_targets") == [{"FileSystemId": "fs-1"}]


def test_what_is_in_use_by_something_that_is_listed_is_not_listed_twice() -> None:
    interfaces = [
        {"NetworkInterfaceId": "eni-1", "Status": "in-use", "Attachment": {"InstanceId": "i-1"}},
        {"NetworkInterfaceId": "eni-2", "Status": "in-use", "InterfaceType": "nat_gateway"},
        {"NetworkInterfaceId": "eni-3", "Status": "in-use", "Description": "ELB app/k8s-1"},
        {"NetworkInterfaceId": "eni-4", "Status": "in-use", "InterfaceType": "lambda", "Description": "AWS Lambda VPC"},
        {"NetworkInterfaceId": "eni-5", "Status": "available", "Description": "aws-K8S-i-1"},
        {"NetworkInterfaceId": "eni-6", "Status": "available", "Description": "by hand"},
    ]
    found, _ = scan(
        "network_interface",
        answers={
            "describe_vpcs": NETWORK,
            "describe_network_interfaces": {"NetworkInterfaces": [{**one, "VpcId": "vpc-1"} for one in interfaces]},
        },
    )
    assert [one.id for one in found.leftovers] == ["eni-5"]
    assert [one.id for one in found.foreign] == ["eni-4", "eni-6"]


def test_reservations_and_the_bucket_of_the_state_are_kept() -> None:
    reservations = [{"CapacityReservationId": "cr-1", "State": "active", "Tags": tagged("dyn")}]
    found, _ = scan(
        "capacity_reservation",
        "s3_bucket",
        answers={
            "describe_capacity_reservations": {"CapacityReservations": reservations},
            "list_buckets": {"Buckets": [{"Name": "states-of-dyn"}]},
            "get_bucket_tagging": {"TagSet": tagged("dyn")},
        },
        manifest={"state_buckets": ["states-of-dyn"]},
    )
    assert found.leftovers == []
    assert [(one.kind, one.id) for one in found.kept] == [
        ("capacity_reservation", "cr-1"),
        ("s3_bucket", "states-of-dyn"),
    ]


def test_load_balancers_ask_tags_in_batches() -> None:
    balancers = [{"LoadBalancerArn": f"arn:lb/dyn-{i}", "LoadBalancerName": f"dyn-{i}"} for i in range(45)]
    found, client = scan(
        "load_balancer",
        answers={
            "describe_load_balancers": {"LoadBalancers": balancers},
            "describe_tags": lambda ResourceArns: {
                "TagDescriptions": [
                    {"ResourceArn": arn, "Tags": tagged("dyn", "elbv2.k8s.aws/cluster")} for arn in ResourceArns
                ]
            },
        },
    )
    assert len(found.leftovers) == 45
    assert len(client.asked("describe_tags")) == 3


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("", True),
        ("ManagedBy", True),
        ("ManagedBy=terraform", True),
        ("ManagedBy=ai_on_eks.dynamo", False),
        ("Cluster", False),
        ("ManagedBy=", False),
    ],
)
def test_a_tag_is_wanted_by_key_or_by_key_and_value(wanted: str, expected: bool) -> None:
    assert look.carries({"ManagedBy": "terraform"}, wanted) is expected


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("weights", True),
        ("weight", False),
        ("/dyn/token", True),
        ("https://sqs.us-west-2.amazonaws.com/1/jobs", True),
        ("arn:aws:acm:us-west-2:1:certificate/7", True),
        ("eights", False),
    ],
)
def test_an_id_in_the_index_of_tags(identifier: str, expected: bool) -> None:
    index = {
        "arn:aws:s3:::weights",
        "arn:aws:ssm:us-west-2:1:parameter/dyn/token",
        "arn:aws:sqs:us-west-2:1:jobs",
        "arn:aws:acm:us-west-2:1:certificate/7",
    }
    assert asking.in_index(identifier, index) is expected


def test_results_can_be_written_as_json() -> None:
    found, _ = scan("vpc", answers={"describe_vpcs": NETWORK})
    assert json.loads(json.dumps(look.results(found.leftovers)))[0]["owned"] is True
