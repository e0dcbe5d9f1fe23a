# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Changes to single pools by name."""

from __future__ import annotations

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._pools.changes import (
    ChangeError,
    changed,
    checked,
    disabled,
)

POOLS = [
    {"name": "g5", "node_class": "gpu", "limits": {"cpu": "8", "nvidia.com/gpu": "1"}, "sizes": ["2xlarge"]},
    {"name": "cpu", "node_class": "cpu", "limits": {"cpu": "8"}},
]


def test_nothing_is_changed_without_changes() -> None:
    assert changed(POOLS, {}, ["node_class"]) == POOLS


def test_dicts_are_merged_and_everything_else_is_replaced() -> None:
    g5, cpu = changed(POOLS, {"g5": {"limits": {"nvidia.com/gpu": "9"}, "sizes": ["48xlarge"]}}, [])
    assert g5["limits"] == {"cpu": "8", "nvidia.com/gpu": "9"}
    assert g5["sizes"] == ["48xlarge"]
    assert cpu == POOLS[1]


@pytest.mark.parametrize("word", [False, "false", "no", "0"])
def test_a_pool_is_switched_off_also_by_words_of_the_command_line(word: object) -> None:
    changes = {"g5": {"enabled": word}}
    assert [pool["name"] for pool in changed(POOLS, changes, ["node_class"])] == ["cpu"]
    assert disabled(POOLS, changes) == ["g5"]


def test_a_pool_that_is_off_in_the_list_can_be_switched_on() -> None:
    pools = [{**POOLS[0], "enabled": False}]
    assert changed(pools, {}, []) == []
    assert changed(pools, {"g5": {"enabled": True}}, []) == [POOLS[0]]
    assert disabled(pools, {"g5": {"enabled": True}}) == []


def test_a_new_pool_needs_all_its_keys() -> None:
    added = {"node_class": "gpu", "limits": {"cpu": "1"}}
    assert changed(POOLS, {"own": added}, ["node_class", "limits"])[-1] == {"name": "own", **added}
    with pytest.raises(ChangeError, match=r"there is none of that name \(g5, cpu\). Did you mean g5\?.*say limits too"):
        changed(POOLS, {"g55": {"node_class": "gpu"}}, ["node_class", "limits"])


def test_a_stranger_may_be_switched_off() -> None:
    assert changed(POOLS, {"gone": {"enabled": False}}, ["node_class"]) == POOLS
    assert disabled(POOLS, {"gone": {"enabled": False}}) == ["gone"]


def test_a_change_is_a_dict_and_enabled_a_boolean() -> None:
    with pytest.raises(ChangeError, match="its changes are 'no'"):
        changed(POOLS, {"g5": "no"}, [])
    with pytest.raises(ChangeError, match="enabled is 'perhaps'"):
        changed(POOLS, {"g5": {"enabled": "perhaps"}}, [])


@pytest.mark.parametrize(
    ("entries", "changes", "words"),
    [("g5", {}, "Write a list"), ([{"a": 1}], {}, "one has no name"), (POOLS, ["g5"], "changes are list")],
)
def test_wrong_input_is_explained(entries: object, changes: object, words: str) -> None:
    with pytest.raises(ChangeError, match=words):
        checked(entries, changes)
    assert checked(POOLS, None) == (POOLS, {})
