# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""When a Job is done, and when it will not be."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._objects import wait
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._objects.jobs import job


def condition(kind: str, status: str = "True", **more: str) -> dict[str, str]:
    return {"type": kind, "status": status, **more}


@pytest.mark.parametrize(
    ("status", "ready", "fatal", "words"),
    [
        ({}, False, False, "it is not done yet (0 pods run, 0 have failed)"),
        ({"active": 1, "failed": 2}, False, False, "1 pods run, 2 have failed"),
        ({"conditions": [condition("Complete", "False")]}, False, False, "not done"),
        ({"conditions": [condition("SuccessCriteriaMet"), condition("Complete")]}, True, False, ""),
        (
            {"conditions": [condition("Failed", reason="PodFailurePolicy", message="exit code 2")]},
            False,
            True,
            "it failed (PodFailurePolicy: exit code 2)",
        ),
    ],
)
def test_job(status: dict[str, Any], ready: bool, fatal: bool, words: str) -> None:
    verdict = job({"status": status})
    assert (verdict.ready, verdict.fatal) == (ready, fatal)
    assert words in verdict.reason


def test_the_loop_knows_jobs() -> None:
    assert wait.WORKLOADS["Job"] is job
