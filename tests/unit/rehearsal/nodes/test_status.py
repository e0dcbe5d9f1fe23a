# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Pod status as a kubelet writes it."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.nodes.pods.status import ContainerState, build, conditions, phase, running, terminated, waiting

T0, T1 = "2026-01-01T00:00:00Z", "2026-01-01T00:00:10Z"
CREATING = waiting("ContainerCreating")
RUNNING = running(T0)
DONE, FAILED = terminated(0, T0, T1), terminated(1, T0, T1)
CRASHED = waiting("CrashLoopBackOff", "back-off 10s")


def container(state: dict[str, Any], last: dict[str, Any] | None = None, **more: Any) -> ContainerState:
    return ContainerState("main", "image:1", state=state, last_state=last or {}, **more)


@pytest.mark.parametrize(
    ("policy", "states", "result"),
    [
        ("Always", [CREATING], "Pending"),
        ("Always", [RUNNING], "Running"),
        ("Always", [RUNNING, CREATING], "Running"),
        ("Always", [DONE], "Running"),
        ("Always", [FAILED], "Running"),
        ("OnFailure", [DONE], "Succeeded"),
        ("OnFailure", [FAILED], "Running"),
        ("OnFailure", [DONE, RUNNING], "Running"),
        ("Never", [DONE], "Succeeded"),
        ("Never", [FAILED], "Failed"),
        ("Never", [DONE, FAILED], "Failed"),
        ("Never", [DONE, CREATING], "Pending"),
    ],
)
def test_phase(policy: str, states: list[dict[str, Any]], result: str) -> None:
    assert phase({"restartPolicy": policy}, [], [container(state) for state in states]) == result


def test_phase_of_a_crash_loop_is_running() -> None:
    assert phase({}, [], [container(CRASHED, FAILED)]) == "Running"


def test_phase_during_initialisation() -> None:
    main = [container(CREATING)]
    assert phase({}, [container(RUNNING)], main) == "Pending"
    assert phase({}, [container(FAILED)], main) == "Pending"
    assert phase({"restartPolicy": "Never"}, [container(FAILED)], main) == "Failed"
    assert phase({}, [container(DONE)], [container(RUNNING)]) == "Running"
    assert phase({}, [container(RUNNING, sidecar=True, started=True)], [container(RUNNING)]) == "Running"


def pod(*known: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"metadata": {"generation": 2}, "spec": spec, "status": {"conditions": list(known)}}


def by_type(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["type"]: row for row in rows}


def test_conditions_of_an_unready_pod_name_the_containers() -> None:
    rows = by_type(conditions(pod(), "Running", [], [container(RUNNING, container_id="c")], T1))
    assert rows["Ready"]["status"] == "False"
    assert rows["Ready"]["reason"] == "ContainersNotReady"
    assert rows["Ready"]["message"] == "containers with unready status: [main]"
    assert rows["Initialized"]["status"] == "True"
    assert "reason" not in rows["Initialized"]
    assert rows["PodReadyToStartContainers"]["status"] == "True"


def test_transition_times_change_with_the_status_only() -> None:
    before = {"type": "Ready", "status": "True", "lastTransitionTime": T0}
    ready = [container(RUNNING, ready=True)]
    assert by_type(conditions(pod(before), "Running", [], ready, T1))["Ready"]["lastTransitionTime"] == T0
    unready = [container(RUNNING)]
    assert by_type(conditions(pod(before), "Running", [], unready, T1))["Ready"]["lastTransitionTime"] == T1


def test_conditions_of_others_are_kept() -> None:
    scheduled = {"type": "PodScheduled", "status": "True", "lastTransitionTime": T0}
    assert scheduled in conditions(pod(scheduled), "Pending", [], [container(CREATING)], T1)


def test_open_readiness_gates_keep_a_pod_unready() -> None:
    gated = pod(readinessGates=[{"conditionType": "lb"}])
    rows = by_type(conditions(gated, "Running", [], [container(RUNNING, ready=True)], T1))
    assert rows["ContainersReady"]["status"] == "True"
    assert (rows["Ready"]["status"], rows["Ready"]["reason"]) == ("False", "ReadinessGatesNotReady")


def test_conditions_of_a_completed_pod() -> None:
    rows = by_type(conditions(pod(), "Succeeded", [], [container(DONE)], T1))
    assert (rows["Ready"]["status"], rows["Ready"]["reason"]) == ("False", "PodCompleted")


def test_whole_status() -> None:
    main = container(CRASHED, FAILED, restarts=2, container_id="containerd://1")
    status = build(pod(), [], [main], pod_ip="100.64.0.1", host_ip="10.1.0.5", started_at=T0, now=T1)
    assert status["phase"] == "Running"
    assert status["observedGeneration"] == 2
    assert status["podIPs"] == [{"ip": "100.64.0.1"}]
    (row,) = status["containerStatuses"]
    assert row["restartCount"] == 2
    assert row["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert row["lastState"]["terminated"]["exitCode"] == 1
    assert row["imageID"].startswith("image:1@sha256:")
    assert "initContainerStatuses" not in status


def test_terminated_states() -> None:
    assert DONE["terminated"]["reason"] == "Completed"
    assert FAILED["terminated"]["reason"] == "Error"
    assert terminated(137, T0, T1, reason="OOMKilled")["terminated"]["reason"] == "OOMKilled"
