# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The diff that a reader gets of a plan, and what counts as drift."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._terraform.plan import (
    REPLACED,
    SENSITIVE,
    diff_of,
    drift_of,
)


def sides(*changes: dict[str, Any]) -> dict[str, Any]:
    found = diff_of({"resource_changes": list(changes)})
    return {side: found[side] for side in ("before", "after")}


def change(address: str, actions: list[str], before: Any, after: Any, **more: Any) -> dict[str, Any]:
    return {"address": address, "change": {"actions": actions, "before": before, "after": after, **more}}


def test_the_diff_shows_what_changes_and_no_secret() -> None:
    secret = {"before_sensitive": {"token": True}, "after_sensitive": {"token": True}}
    assert (
        sides(
            change("a.same", ["no-op"], {"x": 1}, {"x": 1}),
            change(
                "a.new",
                ["create"],
                None,
                {"name": "n", "password": "p", "empty": None},
                after_unknown={"id": True, "name": False},
                after_sensitive={"password": True},
            ),
            change(
                "a.changed",
                ["update"],
                {"size": 1, "name": "n", "token": "old"},
                {"size": 2, "name": "n", "token": "new"},
                **secret,
            ),
            change("a.gone", ["delete"], {"name": "g"}, None),
        )
    ) == {
        "before": {"a.changed": {"size": 1}, "a.gone": {"name": "g"}},
        "after": {"a.new": {"name": "n", "password": SENSITIVE}, "a.changed": {"size": 2}},
    }


def test_tags_are_shown_once_and_a_long_policy_by_its_length() -> None:
    policy = json.dumps({"Statement": [{"Action": f"ec2:Action{number}"} for number in range(20)]})
    values = {"policy": policy, "tags": {"Name": "n"}, "tags_all": {"Name": "n", "Cluster": "c"}}
    assert sides(change("a.new", ["create"], None, values))["after"] == {
        "a.new": {"policy": f"(JSON of {len(policy)} characters)", "tags": {"Name": "n"}}
    }
    changed = {**values, "tags_all": {"Name": "n", "Cluster": "d"}}
    assert sides(change("a.b", ["update"], values, changed))["after"] == {
        "a.b": {"tags": {"Name": "n", "Cluster": "d"}}
    }


def test_a_changed_policy_is_compared_as_what_it_means() -> None:
    before, after = ({"policy": json.dumps({"Statement": [{"Action": name}]})} for name in ("ec2:A", "ec2:B"))
    assert sides(change("a.b", ["update"], before, after)) == {
        "before": {"a.b": {"policy": {"Statement": [{"Action": "ec2:A"}]}}},
        "after": {"a.b": {"policy": {"Statement": [{"Action": "ec2:B"}]}}},
    }


def test_a_replacement_says_what_causes_it() -> None:
    changes = [
        change(
            "a.b",
            ["delete", "create"],
            {"id": "i-1", "ami": "old", "name": "n"},
            {"ami": "new", "name": "n"},
            after_unknown={"id": True},
            replace_paths=[["ami"]],
        ),
        change("a.tainted", ["delete", "create"], {"id": "i-2", "name": "n"}, {"name": "n"}),
    ]
    assert sides(*changes) == {
        "before": {"a.b": {"ami": "old"}, "a.tainted": {}},
        "after": {
            "a.b": {"ami": "new", REPLACED: "because of ami"},
            "a.tainted": {REPLACED: "because it was never complete"},
        },
    }


def test_what_is_taken_over_is_in_the_diff() -> None:
    found = sides(change("a.b", ["no-op"], {"x": 1}, {"x": 1}, importing={"id": "/aws/eks/c/cluster"}))
    assert found["after"] == {"a.b": {"(taken over)": "/aws/eks/c/cluster"}}


CONFIGURATION = {
    "root_module": {
        "resources": [{"address": "aws_security_group.node", "expressions": {"name": {}, "tags": {}}}],
        "module_calls": {
            "k": {"module": {"resources": [{"address": "aws_sqs_queue.q", "expressions": {"policy": {}, "size": {}}}]}}
        },
    }
}


def test_drift_is_what_the_configuration_sets_and_somebody_else_changed() -> None:
    plan = {
        "configuration": CONFIGURATION,
        "resource_changes": [
            change('module.k[0].aws_sqs_queue.q["a"]', ["update"], {}, {}),
            change("aws_security_group.node", ["no-op"], {}, {}),
        ],
        "resource_drift": [
            # Rules of resources of their own, and an empty list for an absent one: nobody's change.
            change("aws_security_group.node", ["update"], {"ingress": [], "tags": None}, {"ingress": [1], "tags": {}}),
            change(
                'module.k[0].aws_sqs_queue.q["a"]',
                ["update"],
                {"size": 1, "policy": '{"a": 1}', "tags_all": {"C": "c"}},
                {"size": 2, "policy": '{"a":1}', "tags_all": {}},
            ),
            change("module.k[0].aws_sqs_queue.q[1]", ["delete"], {"size": 1}, None),
        ],
    }
    assert drift_of(plan) == [
        {
            "address": 'module.k[0].aws_sqs_queue.q["a"]',
            "action": "update",
            "attributes": ["size", "tags_all"],
            "undone": True,
        },
        {"address": "module.k[0].aws_sqs_queue.q[1]", "action": "delete", "attributes": [], "undone": False},
    ]


def test_of_a_block_only_what_is_written_in_it_counts() -> None:
    expressions = {"vpc_config": [{"subnet_ids": {"references": ["x"]}, "inner": [{"set": {}}]}]}
    plan = {"configuration": {"root_module": {"resources": [{"address": "a.b", "expressions": expressions}]}}}
    before = {"vpc_config": [{"subnet_ids": ["s"], "vpc_id": "", "inner": [{"set": 1, "computed": 1}]}]}
    after = {"vpc_config": [{"subnet_ids": ["s"], "vpc_id": "v", "inner": [{"set": 1, "computed": 2}]}]}
    assert drift_of({**plan, "resource_drift": [change("a.b", ["update"], before, after)]}) == []
    after["vpc_config"][0]["inner"][0]["set"] = 2
    assert [
        item["attributes"] for item in drift_of({**plan, "resource_drift": [change("a.b", ["update"], before, after)]})
    ] == [["vpc_config"]]


def test_without_drift_the_list_is_empty() -> None:
    assert drift_of({}) == []
