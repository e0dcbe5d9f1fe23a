# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Patches are sent only where they change something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.client import KubeError
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._objects import patch
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._objects.absent import Selector

POOLS = Selector("karpenter.sh", "NodePool")


@pytest.mark.parametrize(
    ("found", "wanted", "changes"),
    [
        ({"spec": {"limits": {"cpu": "4"}}}, {"spec": {"limits": {"cpu": "0"}}}, True),
        ({"spec": {"limits": {"cpu": "0"}}}, {"spec": {"limits": {"cpu": "0"}}}, False),
        ({"spec": {}}, {"spec": {"limits": {"cpu": "0"}}}, True),
        ({"spec": {"syncPolicy": {"automated": {}}}}, {"spec": {"syncPolicy": {"automated": None}}}, True),
        ({"spec": {"syncPolicy": {}}}, {"spec": {"syncPolicy": {"automated": None}}}, False),
        ({"spec": {}}, {"spec": {"syncPolicy": {"automated": None}}}, False),
    ],
)
def test_what_a_patch_would_change(found: dict[str, Any], wanted: dict[str, Any], changes: bool) -> None:
    assert patch.would_change(found, wanted) is changes


class Fake:
    def __init__(self) -> None:
        self.sent: list[str] = []

    def select(self, selector: Selector) -> list[dict[str, Any]]:
        del selector
        return [{"metadata": {"name": name}, "spec": {}} for name in ("refuses", "takes")]

    def merge(self, selector: Selector, obj: Mapping[str, Any], sent: Mapping[str, Any]) -> None:
        del selector, sent
        if obj["metadata"]["name"] == "refuses":
            raise KubeError("a webhook said no", 400)
        self.sent.append(obj["metadata"]["name"])


def test_one_that_refuses_does_not_keep_the_others() -> None:
    cluster = Fake()
    result = patch.apply(cluster, [(POOLS, {"spec": {"x": 1}})])
    assert (result.patched, cluster.sent) == (["NodePool takes"], ["takes"])
    assert result.refused == ["NodePool refuses: a webhook said no"]


def test_check_mode_sends_nothing() -> None:
    cluster = Fake()
    assert patch.apply(cluster, [(POOLS, {"spec": {"x": 1}})], change=False).patched == [
        "NodePool refuses",
        "NodePool takes",
    ]
    assert cluster.sent == []
