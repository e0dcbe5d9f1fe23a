# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Going on after an interrupt, after a kill and after the loss of the state, with the real provider.

Few tests with much in each: a plan with the provider takes seconds of CPU.
"""

from __future__ import annotations

import os
import re
import signal
import threading
from pathlib import Path

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._terraform import TerraformError

from .conftest import Tiny, wait_for

CLUSTER = "aws_eks_cluster.this"


def break_off(tiny: Tiny, kill: bool) -> str:
    """Interrupt or kill Terraform while the cluster is being made; return what the run says."""
    tiny.aws.latency(eks_CreateCluster=15)
    stack = tiny.stack()
    planned = stack.plan()
    failures: list[TerraformError] = []

    def apply() -> None:
        try:
            stack.apply(planned)
        except TerraformError as exc:
            failures.append(exc)

    run = threading.Thread(target=apply)
    run.start()
    eks = tiny.aws.client("eks")
    wait_for(lambda: tiny.name in eks.list_clusters()["clusters"])
    if kill:
        os.killpg(stack.pid, signal.SIGKILL)
    else:
        stack.interrupt()
        stack.interrupt()
    run.join(timeout=180)
    tiny.lines.clear()
    return str(failures[0])


def born(tiny: Tiny) -> str:
    """When EKS began to make the cluster: another time is another cluster."""
    return str(tiny.aws.client("eks").describe_cluster(name=tiny.name)["cluster"]["createdAt"])


def test_a_cluster_is_kept_whose_making_was_interrupted(tiny: Tiny) -> None:
    said = break_off(tiny, kill=False)
    assert said.startswith("Interrupted: Terraform stopped in good order after 5 of 6 steps")
    before = born(tiny)

    stack = tiny.stack(protect=("aws_eks_cluster.",))
    planned = stack.plan()
    assert f"the making of {CLUSTER} was interrupted" in tiny.said
    assert stack.also == [f"{CLUSTER} kept"]
    assert (planned.summary["add"], planned.summary["destroy"]) == (0, 0)
    assert born(tiny) == before
    assert tiny.aws.vpcs(tiny.name) == 1


def test_a_cluster_is_taken_over_whose_making_was_killed(tiny: Tiny) -> None:
    said = break_off(tiny, kill=True)
    assert "Terraform was killed (signal 9) after 5 of 6 steps. Run the playbook again" in said

    # Destroyed with the rest, although no finished apply ever knew it.
    stack = tiny.stack()
    planned = stack.plan(destroy=True)
    assert stack.also == [f"{CLUSTER} taken over"]
    assert "the last run was killed while making it" in tiny.said
    assert planned.summary["destroy"] == 6
    stack.apply(planned, destroy=True)
    assert tiny.name not in tiny.aws.client("eks").list_clusters()["clusters"]
    assert tiny.aws.vpcs(tiny.name) == 0


def test_progress_left_over_log_group_drift_and_a_lost_state(tiny: Tiny, tmp_path: Path) -> None:
    logs = tiny.aws.client("logs")
    logs.create_log_group(logGroupName=f"/aws/eks/{tiny.name}/cluster")
    # Nine minutes of making a cluster and a line every ten seconds, thirty times as quick.
    tiny.aws.latency(eks_CreateCluster=18)
    stack = tiny.stack(progress_interval=10 / 30)
    planned = stack.plan()
    assert (planned.summary["add"], stack.also) == (5, ["aws_cloudwatch_log_group.cluster taken over"])
    tiny.lines.clear()
    tiny.times.clear()
    stack.apply(planned)
    waiting = [line for line in tiny.lines if re.search(rf"5/6 creating {CLUSTER} for \d+ s$", line)]
    assert len(waiting) >= 30, tiny.said
    assert max(later - sooner for sooner, later in zip(tiny.times, tiny.times[1:], strict=False)) < 2
    assert re.search(rf"6/6 created {CLUSTER} \(\d+ s\)$", tiny.lines[-1])
    found = logs.describe_log_groups(logGroupNamePrefix=f"/aws/eks/{tiny.name}/")["logGroups"]
    assert [group["retentionInDays"] for group in found] == [30]

    logs.put_retention_policy(logGroupName=f"/aws/eks/{tiny.name}/cluster", retentionInDays=1)
    planned = tiny.stack(change=False, variables={"extra_tags": {"Team": "ours"}}).plan()
    assert planned.summary["drift"] == [
        {
            "address": "aws_cloudwatch_log_group.cluster",
            "action": "update",
            "attributes": ["retention_in_days"],
            "undone": True,
        }
    ]
    assert planned.summary["change"] == 6

    tiny.work = tmp_path / "lost"
    with pytest.raises(TerraformError) as failure:
        tiny.stack().plan()
    known = (
        f"the cluster {tiny.name} exists (ACTIVE), but the state in {tiny.work} does not know it, so that state is lost"
    )
    assert str(failure.value).startswith(f"Failed to apply {CLUSTER}: {known}")
    assert tiny.aws.vpcs(tiny.name) == 1
