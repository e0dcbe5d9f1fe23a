# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Rounds of a sweep: the order, what waits, what is blocked and why, and that nothing foreign is touched."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._leftovers import kinds, order, report, sweep
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._leftovers.asking import Connections
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._leftovers.finder import Leftover

from .account import OURS, FakeClient, refusal


def leftover(kind: str, identifier: str = "x-1", **more: Any) -> Leftover:
    return Leftover(kind, identifier, "us-west-2", "Cluster=dyn", **more)


def plan(*found: Leftover) -> dict[str, bool]:
    return {step.what.kind: step.now for step in order.plan(found)}


def test_what_goes_first_is_not_held_up_by_what_goes_later() -> None:
    assert plan(leftover("vpc"), leftover("subnet"), leftover("ec2_fleet"), leftover("ec2_instance")) == {
        "ec2_fleet": True,
        "ec2_instance": False,
        "subnet": False,
        "vpc": False,
    }


def test_what_aws_is_deleting_is_waited_for_but_not_deleted_again() -> None:
    nat = leftover("nat_gateway", pending=True)
    assert plan(nat, leftover("elastic_ip")) == {"elastic_ip": False}
    shutting = leftover("ec2_instance", item={"State": {"Name": "shutting-down"}})
    assert plan(shutting, leftover("network_interface")) == {"network_interface": False}


def test_nothing_waits_for_keys_and_secrets_that_go_in_a_week() -> None:
    assert plan(leftover("secret", pending=True), leftover("iam_role")) == {"iam_role": True}


def test_an_interface_in_use_is_not_ready() -> None:
    item = {"Status": "in-use"}
    (step,) = order.plan([leftover("network_interface", item=item)])
    assert (step.ready, step.now) == (False, False)


def test_parts_of_a_cluster_go_with_it_or_alone_when_it_stays() -> None:
    addon = leftover("eks_addon", "coredns", parent="dyn")
    assert plan(addon, leftover("eks_cluster", "dyn")) == {"eks_addon": False, "eks_cluster": True}
    assert plan(addon) == {"eks_addon": True}


def test_a_key_stays_with_what_it_encrypts() -> None:
    system = leftover("efs_file_system", item={"KmsKeyId": "arn:aws:kms:us-west-2:1:key/k-1"})
    found = [
        system,
        leftover("kms_key", "k-1"),
        leftover("kms_key", "k-2"),
        leftover("kms_alias", "alias/eks/dyn", item={"TargetKeyId": "k-1"}),
    ]
    going, kept = order.split_kept(found, {"efs_file_system"})
    assert [one.id for one in going] == ["k-2"]
    assert [one.id for one in kept] == ["x-1", "k-1", "alias/eks/dyn"]


def test_who_holds_a_resource_is_seen_in_what_aws_says_of_the_others() -> None:
    group = leftover("security_group", "sg-1")
    bastion = leftover("ec2_instance", "i-9", owned=False, item={"SecurityGroups": [{"GroupId": "sg-1"}]})
    other = leftover("ec2_instance", "i-8", owned=False, item={"SecurityGroups": [{"GroupId": "sg-10"}]})
    assert order.holders(group, [group, bastion, other]) == [bastion]


class Account(FakeClient):
    """Security groups, subnets and interfaces of one VPC, with EC2's refusals."""

    def __init__(self, **more: Any) -> None:
        self.groups = {"sg-1": ["sg-2"], "sg-2": ["sg-1"]}
        self.interfaces = {"eni-1": {"Groups": [{"GroupId": "sg-1"}], "TagSet": OURS, "Status": "available"}}
        super().__init__(
            {
                "describe_vpcs": {"Vpcs": [{"VpcId": "vpc-1", "Tags": OURS}]},
                "describe_security_groups": self._list_groups,
                "describe_network_interfaces": self._list_interfaces,
                "delete_security_group": self._delete_group,
                "delete_network_interface": self._delete_interface,
                "revoke_security_group_ingress": lambda GroupId, IpPermissions: self.groups[GroupId].clear(),
                **more,
            }
        )

    def _list_groups(self) -> dict[str, Any]:
        return {
            "SecurityGroups": [
                {
                    "GroupId": group,
                    "GroupName": group,
                    "VpcId": "vpc-1",
                    "Tags": OURS,
                    "IpPermissions": [
                        {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": name, "UserId": "1"}]} for name in named
                    ],
                }
                for group, named in self.groups.items()
            ]
        }

    def _list_interfaces(self) -> dict[str, Any]:
        return {
            "NetworkInterfaces": [
                {"NetworkInterfaceId": name, "VpcId": "vpc-1", **item} for name, item in self.interfaces.items()
            ]
        }

    def _delete_interface(self, NetworkInterfaceId: str) -> None:
        del self.interfaces[NetworkInterfaceId]

    def _delete_group(self, GroupId: str) -> None:
        used = [group["GroupId"] for item in self.interfaces.values() for group in item["Groups"]]
        if GroupId in used or any(GroupId in named for named in self.groups.values()):
            raise refusal("DependencyViolation", "DeleteSecurityGroup", f"resource {GroupId} has a dependent object")
        del self.groups[GroupId]


NETWORK_KINDS = tuple(kinds.BY_NAME[name] for name in ("network_interface", "security_group"))


def run(account: FakeClient, **more: Any) -> sweep.Sweep:
    connections = Connections(lambda _service: account)
    asked = sweep.Order(cluster="dyn", region="us-west-2", kinds=NETWORK_KINDS, **more)
    return sweep.sweep(connections, asked, sleep=lambda _seconds: None)


def test_groups_that_name_each_other_go_after_the_interface_that_has_one() -> None:
    account = Account()
    done = run(account)
    assert (account.groups, account.interfaces) == ({}, {})
    assert done.deleted[0].id == "eni-1"
    assert {one.id for one in done.deleted} == {"eni-1", "sg-1", "sg-2"}
    assert (done.blocked, done.changed) == ([], True)
    again = run(account)
    assert (again.deleted, again.blocked, again.changed, again.rounds) == ([], [], False, 2)


def test_what_somebody_else_holds_is_named_with_its_holder_and_the_rest_goes() -> None:
    account = Account()
    account.interfaces["eni-9"] = {
        "Groups": [{"GroupId": "sg-2"}],
        "Status": "in-use",
        "InterfaceType": "lambda",
        "Description": "AWS Lambda VPC ENI-x",
    }
    done = run(account)
    assert set(account.groups) == {"sg-2"}
    assert "eni-9" in account.interfaces
    (entry,) = done.blocked
    assert (entry["kind"], entry["id"], entry["code"]) == ("security_group", "sg-2", "DependencyViolation")
    assert "network_interface eni-9 (AWS Lambda VPC ENI-x)" in entry["owner"]
    assert entry["hint"].startswith("Remove what holds it")
    message = report.failure(done, "dyn")
    assert message.startswith("Failed to sweep dyn: 1 resources are left. security_group sg-2: ")
    assert "Held by network_interface eni-9" in message


def test_a_preview_writes_nothing() -> None:
    account = Account()
    connections = Connections(lambda _service: account)
    asked = sweep.Order(cluster="dyn", region="us-west-2", kinds=NETWORK_KINDS)
    done = sweep.preview(connections, asked)
    assert [one.kind for one in done.deleted] == ["network_interface", "security_group", "security_group"]
    assert {name.partition("_")[0] for name, _ in account.calls} <= {"describe", "get"}


def test_data_that_no_cleanup_may_delete_is_kept_without_being_asked_for() -> None:
    marked = leftover("s3_bucket", "models", tags={"KeepData": "true"}, item={"KmsKeyId": "arn:aws:kms:x:1:key/k-1"})
    others = [
        leftover("s3_bucket", "b", tags={"KeepData": "false"}),
        leftover("kms_key", "k-1"),
        leftover("kms_key", "k-2"),
    ]
    going, kept = order.split_kept([marked, *others], frozenset())
    assert ([one.id for one in going], [one.id for one in kept]) == (["b", "k-2"], ["models", "k-1"])


def test_what_is_kept_stays_and_does_not_fail() -> None:
    account = Account()
    done = run(account, keep=frozenset({"security_group"}))
    assert set(account.groups) == {"sg-1", "sg-2"}
    assert [one.id for one in done.kept] == ["sg-1", "sg-2"]
    assert (done.blocked, report.failure(done, "dyn")) == ([], "")


def test_only_what_carries_a_tag_goes() -> None:
    account = Account()
    done = run(account, tag="karpenter.sh/nodepool")
    assert (done.deleted, set(account.groups)) == ([], {"sg-1", "sg-2"})


def test_a_refusal_for_now_is_tried_again() -> None:
    refusals = [refusal("RequestLimitExceeded"), refusal("DependencyViolation")]

    class Slow(Account):
        def _delete_group(self, GroupId: str) -> None:
            if refusals:
                raise refusals.pop()
            super()._delete_group(GroupId)

    account = Slow()
    assert run(account).blocked == []
    assert account.groups == {}


def test_what_aws_takes_on_and_does_not_finish_is_said() -> None:
    account = Account(delete_network_interface={})
    done = run(account, timeout=0)
    reasons = {entry["id"]: entry["reason"] for entry in done.blocked}
    assert "has not finished within 0 seconds" in reasons["eni-1"]
    assert reasons["sg-1"] == "it goes after network_interface eni-1"


def test_a_kind_that_could_not_be_read_fails_a_sweep() -> None:
    def refuse() -> None:
        raise refusal("UnauthorizedOperation", "DescribeSecurityGroups")

    done = run(Account(describe_security_groups=refuse))
    assert [one.id for one in done.deleted] == ["eni-1"]
    assert "security_group (ec2:DescribeSecurityGroups: UnauthorizedOperation)" in report.failure(done, "dyn")


def test_a_key_is_scheduled_and_counts_as_deleted_once() -> None:
    states = {"k-1": "Enabled"}
    account = FakeClient(
        {
            "list_keys": {"Keys": [{"KeyId": "k-1"}]},
            "list_resource_tags": {"Tags": [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in OURS]},
            "describe_key": lambda KeyId: {"KeyMetadata": {"KeyId": KeyId, "KeyState": states[KeyId]}},
            "schedule_key_deletion": lambda KeyId, PendingWindowInDays: states.update({KeyId: "PendingDeletion"}),
        }
    )
    asked = sweep.Order("dyn", "us-west-2", {"kms_key_ids": ["k-1"]}, (kinds.BY_NAME["kms_key"],))
    for expected in (["k-1"], []):
        done = sweep.sweep(Connections(lambda _service: account), asked, sleep=lambda _seconds: None)
        result = report.result(done)
        assert [one["id"] for one in result["deleted"]] == expected
        assert all(one["pending"] for one in result["deleted"])
        assert [one["id"] for one in result["pending"]] == ["k-1"]
        assert done.blocked == []
    assert account.asked("schedule_key_deletion") == [{"KeyId": "k-1", "PendingWindowInDays": 7}]


def test_a_part_of_an_answer_can_be_a_refusal() -> None:
    errors = [{"Error": {"Code": "fleetIdDoesNotExist", "Message": "no"}}]
    account = FakeClient({"delete_fleets": {"UnsuccessfulFleetDeletions": errors}})
    with pytest.raises(Exception, match="fleetIdDoesNotExist"):
        sweep.remove(Connections(lambda _service: account), leftover("ec2_fleet", "fleet-1"))
    assert account.asked("delete_fleets") == [{"TerminateInstances": True, "FleetIds": ["fleet-1"]}]


def test_the_result_can_be_written_as_json() -> None:
    json.dumps(report.result(run(Account())))
