# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What is decided about what an earlier run left behind."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, cast

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._cluster.aws import Aws, AwsError
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._terraform import (
    TerraformError,
    existing,
    journal,
    recovery,
    state,
)
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._terraform.resume import Resume

TAGS = {"Cluster": "c", "ManagedBy": "ai_on_eks.dynamo"}


class FakeAws:
    """Answers by operation; an exception is raised, a list of answers is given one by one."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def ask(self, _action: str, _service: str, operation: str, missing: Any = None, **_parameters: Any) -> Any:
        self.asked.append(operation)
        answer = self.answers.get(operation, missing)
        if isinstance(answer, list):
            answer = answer.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def pages(self, action: str, service: str, operation: str, _key: str, **parameters: Any) -> Any:
        return self.ask(action, service, operation, [], **parameters)


def aws(**answers: Any) -> Aws:
    return cast(Aws, FakeAws(**answers))


def event(kind: str, address: str, action: str = "create") -> str:
    return json.dumps({"type": kind, "hook": {"resource": {"addr": address}, "action": action}})


def test_the_log_tells_what_was_begun_and_never_ended(tmp_path: Path) -> None:
    log = tmp_path / "apply.log.jsonl"
    assert journal.read(log) == journal.Journal()
    log.write_text(
        "\n".join(
            [
                event("apply_start", "a.done"),
                event("apply_complete", "a.done"),
                event("apply_start", "a.lost"),
                event("apply_start", "a.failed"),
                event("apply_errored", "a.failed"),
                event("apply_start", "a.deleted", "delete"),
                event("apply_errored", "a.deleted", "delete"),
                '{"type": "apply_comp',
            ]
        ),
        encoding="utf-8",
    )
    assert journal.read(log) == journal.Journal(lost=frozenset({"a.lost"}), failed=frozenset({"a.failed"}))


def test_the_state_is_read_with_terraforms_addresses() -> None:
    text = json.dumps(
        {
            "version": 4,
            "resources": [
                {"mode": "data", "type": "x", "name": "y", "instances": [{}]},
                {
                    "module": 'module.k["a"]',
                    "mode": "managed",
                    "type": "t",
                    "name": "n",
                    "instances": [
                        {"index_key": 'q"x', "status": "tainted", "attributes": {"id": "1"}},
                        {"index_key": 0},
                        {"deposed": "abc"},
                    ],
                },
                {"mode": "managed", "type": "a", "name": "b", "instances": [{"attributes": None}]},
            ],
        }
    )
    found = state.instances(text)
    assert [item.address for item in found] == ["a.b", 'module.k["a"].t.n["q\\"x"]', 'module.k["a"].t.n[0]']
    assert [item.tainted for item in found] == [False, True, False]
    assert state.instances("") == []
    with pytest.raises(ValueError, match="format 4"):
        state.instances('{"version": 3}')


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("aws_eks_cluster.this", True),
        ("aws_cloudwatch_log_group.cluster", True),
        ('module.x["a.b[c]"].module.y[0].aws_eks_cluster.this', True),
        ("module.x.aws_vpc.this[0]", False),
        ("module.aws_eks_cluster.aws_vpc.this", False),
        ("aws_nat_gateway.lost", True),
        ("aws_eks_node_group.core", False),
    ],
)
def test_who_is_asked_for(address: str, asked: bool) -> None:
    unfinished = journal.Journal(lost=frozenset({"aws_nat_gateway.lost"}))
    assert recovery.worth_asking([{"address": address, "action": "create"}], unfinished) is asked
    assert not recovery.worth_asking([{"address": address, "action": "update"}], unfinished)


def test_the_region_is_the_providers() -> None:
    by_variable = {
        "configuration": {
            "provider_config": {
                "other": {"name": "other"},
                "aws.us": {"name": "aws", "alias": "us", "expressions": {"region": {"constant_value": "us-east-1"}}},
                "aws": {"name": "aws", "expressions": {"region": {"references": ["var.region"]}}},
            }
        },
        "variables": {"region": {"value": "eu-west-1"}},
    }
    assert recovery.region_of(by_variable) == "eu-west-1"
    constant = {"name": "aws", "expressions": {"region": {"constant_value": "eu-west-2"}}}
    assert recovery.region_of({"configuration": {"provider_config": {"aws": constant}}}) == "eu-west-2"
    assert recovery.region_of({}) == ""


@pytest.mark.parametrize(
    ("kind", "values", "answers", "expected"),
    [
        (
            "aws_eks_cluster",
            {"name": "c"},
            {"describe_cluster": {"cluster": {"status": "CREATING", "tags": TAGS}}},
            ("c", existing.PENDING),
        ),
        ("aws_eks_cluster", {"name": "c"}, {}, None),
        (
            "aws_eks_node_group",
            {"cluster_name": "c", "node_group_name_prefix": "core-"},
            {
                "list_nodegroups": {"nodegroups": ["gpu-1", "core-20261126"]},
                "describe_nodegroup": {"nodegroup": {"status": "CREATING"}},
            },
            ("c:core-20261126", existing.PENDING),
        ),
        (
            "aws_eks_cluster",
            {"name": "c"},
            {"describe_cluster": {"cluster": {"status": "FAILED"}}},
            ("c", existing.BROKEN),
        ),
        (
            "aws_eks_node_group",
            {"cluster_name": "c", "node_group_name": "g"},
            {"describe_nodegroup": {"nodegroup": {"status": "ACTIVE"}}},
            ("c:g", existing.READY),
        ),
        (
            "aws_eks_addon",
            {"cluster_name": "c", "addon_name": "a"},
            {"describe_addon": {"addon": {"status": "CREATE_FAILED"}}},
            ("c:a", existing.BROKEN),
        ),
        (
            "aws_cloudwatch_log_group",
            {"name": "/a"},
            {"describe_log_groups": {"logGroups": [{"logGroupName": "/ab"}]}},
            None,
        ),
        ("aws_iam_role", {"name": "r"}, {"get_role": AwsError("no", "NoSuchEntity")}, None),
        ("aws_iam_role", {"name": "r"}, {"get_role": {"Role": {"Tags": []}}}, ("r", existing.READY)),
        (
            "aws_nat_gateway",
            {"subnet_id": "s"},
            {"describe_nat_gateways": [[{"NatGatewayId": "nat-1", "State": "pending"}]]},
            ("nat-1", existing.PENDING),
        ),
        (
            "aws_vpc_endpoint",
            {"vpc_id": "v", "service_name": "s"},
            {"describe_vpc_endpoints": [[{"VpcEndpointId": "e-1", "State": "Available"}]]},
            ("e-1", existing.READY),
        ),
        # Two of a kind: nobody knows which is meant.
        (
            "aws_efs_file_system",
            {"creation_token": "t"},
            {
                "describe_file_systems": {
                    "FileSystems": [{"FileSystemId": n, "LifeCycleState": "available"} for n in "ab"]
                }
            },
            None,
        ),
        (
            "aws_efs_mount_target",
            {"file_system_id": "f", "subnet_id": "s"},
            {
                "describe_mount_targets": {
                    "MountTargets": [
                        {"MountTargetId": f"m-{n}", "SubnetId": n, "LifeCycleState": "creating"} for n in "rs"
                    ]
                }
            },
            ("m-s", existing.PENDING),
        ),
    ],
)
def test_what_aws_has(kind: str, values: dict[str, Any], answers: dict[str, Any], expected: Any) -> None:
    thing = existing.find(aws(**answers), kind, values)
    assert (thing and (thing.ident, thing.condition)) == expected


def create(address: str, **values: Any) -> recovery.Create:
    return recovery.Create(address, address.split(".", maxsplit=1)[0], {"tags_all": TAGS, **values})


CLUSTER = {"describe_cluster": {"cluster": {"status": "ACTIVE", "tags": TAGS}}}


def test_a_killed_creation_is_imported_and_an_unknown_one_named() -> None:
    lost = journal.Journal(lost=frozenset({"aws_eks_cluster.this", "aws_kms_key.this"}))
    creates = [create("aws_eks_cluster.this", name="c"), create("aws_kms_key.this"), create("aws_vpc.this")]
    found = recovery.examine(creates, lost, aws(**CLUSTER), "/w")
    assert {address: thing.ident for address, (_create, thing) in found.imports.items()} == {
        "aws_eks_cluster.this": "c"
    }
    assert found.unknown == ["aws_kms_key.this"]


def test_a_killed_creation_without_a_known_name_is_named_too() -> None:
    lost = journal.Journal(lost=frozenset({"aws_nat_gateway.this"}))
    found = recovery.examine([create("aws_nat_gateway.this"), create("aws_eks_cluster.x")], lost, aws(), "/w")
    assert (found.imports, found.unknown) == ({}, ["aws_nat_gateway.this"])


@pytest.mark.parametrize(("tags", "words"), [(TAGS, "that state is lost"), ({"Cluster": "c"}, "somebody else's")])
def test_a_cluster_that_nobody_interrupted_is_refused(tags: dict[str, str], words: str) -> None:
    answer = {"describe_cluster": {"cluster": {"status": "ACTIVE", "tags": tags}}}
    with pytest.raises(TerraformError, match=words):
        recovery.examine([create("aws_eks_cluster.this", name="c")], journal.Journal(), aws(**answer), "/w")


def test_a_killed_creation_that_is_somebody_elses_is_not_imported() -> None:
    lost = journal.Journal(lost=frozenset({"aws_eks_node_group.core"}))
    answer = {"describe_nodegroup": {"nodegroup": {"status": "ACTIVE", "tags": {}}}}
    creates = [create("aws_eks_node_group.core", cluster_name="c", node_group_name="core")]
    assert recovery.examine(creates, lost, aws(**answer), "/w").imports == {}


def test_a_missing_permission_to_look_stops_nothing_and_another_failure_does() -> None:
    creates = [create("aws_eks_cluster.this", name="c")]
    denied = aws(describe_cluster=AwsError("no", "AccessDeniedException"))
    assert recovery.examine(creates, journal.Journal(), denied, "/w") == recovery.Findings()
    with pytest.raises(AwsError):
        recovery.examine(creates, journal.Journal(), aws(describe_cluster=AwsError("no", "Timeout")), "/w")


def resume(clients: Aws, change: bool = True, go_on: bool = True) -> tuple[Resume, list[str], list[str]]:
    lines: list[str] = []
    untainted: list[str] = []
    made = Resume(
        change=change,
        place="/w",
        region="r",
        aws=lambda _region: clients,
        say=lines.append,
        pause=lambda: go_on,
        untaint=untainted.append,
        also=[],
    )
    return made, lines, untainted


def tainted(address: str, **before: Any) -> dict[str, Any]:
    return {
        "address": address,
        "type": address.split(".", maxsplit=1)[0],
        "action_reason": "replace_because_tainted",
        "change": {"actions": ["delete", "create"], "before": before},
    }


def cluster(*states: str) -> list[Any]:
    return [{"cluster": {"status": status, "tags": TAGS}} for status in states]


def test_an_interrupted_cluster_is_waited_for_and_kept() -> None:
    plan = {"resource_changes": [tainted("aws_eks_cluster.this", name="c"), tainted("aws_iam_role.this", name="r")]}
    unfinished = journal.Journal(failed=frozenset({"aws_eks_cluster.this", "aws_iam_role.this"}))
    made, lines, untainted = resume(aws(describe_cluster=cluster("CREATING", "CREATING", "ACTIVE")))
    assert made.keep_interrupted(plan, unfinished)
    assert untainted == ["aws_eks_cluster.this"]
    assert "waiting until AWS has finished aws_eks_cluster.this (CREATING), 0 s so far" in lines[0]
    assert "is kept instead of replaced" in lines[-1]

    checked, lines, untainted = resume(aws(describe_cluster=cluster("CREATING")), change=False)
    assert not checked.keep_interrupted(plan, unfinished)
    assert (untainted, checked.also) == ([], ["aws_eks_cluster.this kept"])
    assert "would be kept" in lines[-1]


@pytest.mark.parametrize("answer", [cluster("FAILED"), cluster("CREATING", "FAILED"), [None]])
def test_a_cluster_that_failed_is_replaced(answer: list[Any]) -> None:
    plan = {"resource_changes": [tainted("aws_eks_cluster.this", name="c")]}
    unfinished = journal.Journal(failed=frozenset({"aws_eks_cluster.this"}))
    made, _lines, untainted = resume(aws(describe_cluster=answer))
    assert not made.keep_interrupted(plan, unfinished)
    assert untainted == []


def test_what_somebody_tainted_by_hand_stays_tainted() -> None:
    plan = {"resource_changes": [tainted("aws_eks_cluster.this", name="c")]}
    clients = aws(**CLUSTER)
    made, _lines, untainted = resume(clients)
    assert not made.keep_interrupted(plan, journal.Journal())
    assert (untainted, cast(FakeAws, clients).asked) == ([], [])


def test_an_interrupt_ends_the_waiting() -> None:
    plan = {"resource_changes": [tainted("aws_eks_cluster.this", name="c")]}
    unfinished = journal.Journal(failed=frozenset({"aws_eks_cluster.this"}))
    made, _lines, _untainted = resume(aws(describe_cluster=cluster("CREATING", "CREATING")), go_on=False)
    with pytest.raises(TerraformError, match=r"Interrupted while AWS was still making aws_eks_cluster.this"):
        made.keep_interrupted(plan, unfinished)


def test_the_waiting_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = {"resource_changes": [tainted("aws_eks_cluster.this", name="c")]}
    unfinished = journal.Journal(failed=frozenset({"aws_eks_cluster.this"}))
    clock = iter(range(0, 1_000_000, 1000))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    made, _lines, _untainted = resume(aws(describe_cluster=cluster(*["CREATING"] * 9)))
    with pytest.raises(TerraformError, match=r"AWS is still making it \(CREATING\) after 45 min"):
        made.keep_interrupted(plan, unfinished)


def test_without_boto3_nobody_looks_and_it_is_said() -> None:
    made, lines, _untainted = resume(aws())

    def missing(_region: str) -> Aws:
        raise ImportError("no boto3")

    made.aws = missing
    assert made.look({}, journal.Journal()) == {}
    assert "boto3 is missing" in lines[0]
