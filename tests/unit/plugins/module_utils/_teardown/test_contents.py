# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What is inside a cluster: volumes with what they are made of, releases, and kinds that cannot be listed."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.client import KubeError
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._objects.absent import Selector
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._teardown import contents

CLAIM = {"metadata": {"name": "data", "namespace": "d", "uid": "u1"}}
VOLUME: dict[str, Any] = {
    "metadata": {"name": "pvc-1"},
    "spec": {
        "capacity": {"storage": "10Gi"},
        "claimRef": {"uid": "u1", "namespace": "d"},
        "csi": {"driver": "ebs.csi.aws.com", "volumeHandle": "vol-1"},
        "persistentVolumeReclaimPolicy": "Delete",
    },
}


class Fake:
    def __init__(self, status: int = 0) -> None:
        self.status = status

    def select(self, selector: Selector) -> list[dict[str, Any]]:
        if self.status and selector.kind == "DynamoGraphDeployment":
            raise KubeError("conversion webhook failed", self.status)
        return {"PersistentVolumeClaim": [CLAIM], "PersistentVolume": [VOLUME]}.get(selector.kind, [])

    def releases(self) -> list[dict[str, Any]]:
        return []


def test_a_volume_is_told_with_its_claim_and_its_storage() -> None:
    (row,) = contents.survey(Fake())["volumes"]
    assert (row["claim"], row["size"], row["handle"], row["kept"]) == ("d/data", "10Gi", "vol-1", False)


def test_a_kind_that_cannot_be_listed_is_a_problem_and_a_refusal_is_the_end() -> None:
    assert contents.survey(Fake(500))["problems"] == ["DynamoGraphDeployment: conversion webhook failed"]
    for status in (401, 403):
        with pytest.raises(KubeError):
            contents.survey(Fake(status))


def test_a_release_is_named_once() -> None:
    records = [
        {"metadata": {"namespace": "k", "labels": {"name": "karpenter", "version": version}}} for version in ("1", "2")
    ]
    assert contents.release_rows(records) == [{"namespace": "k", "name": "karpenter"}]
