# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What blocks a phase, from the results of all the modules that can fail in one."""

from __future__ import annotations

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._teardown import blockers


def test_objects_that_stay() -> None:
    row = {"what": "NodeClaim a: held by x.y/z", "owner": "whoever set it (x.y)", "next": "Find it.", "hard": True}
    (found,) = blockers.of({"failed": True, "blockers": [row], "msg": "long"}, "nodes")
    assert found["line"] == "nodes: NodeClaim a: held by x.y/z. Its owner is whoever set it (x.y). Find it."
    assert (found["hard"], found["inside"]) == (True, True)


def test_resources_that_cannot_be_deleted() -> None:
    swept = {"kind": "security_group", "id": "sg-1", "name": "k8s-x", "reason": "DependencyViolation", "owner": "eni-1"}
    machine = {"kind": "ec2_instance", "id": "i-1", "reason": "UnauthorizedOperation", "hint": "Attach the policy."}
    found = blockers.of({"blocked": [swept, machine]}, "sweep")
    assert [row["line"] for row in found] == [
        "sweep: security_group sg-1 (k8s-x): DependencyViolation. Its owner is eni-1.",
        "sweep: ec2_instance i-1: UnauthorizedOperation. Attach the policy.",
    ]
    assert [row["hard"] for row in found] == [False, True]
    assert not any(row["inside"] for row in found)


def test_kinds_that_may_not_be_read() -> None:
    (found,) = blockers.of({"blocked": [], "problems": [{"kind": "fsx", "error": "no", "denied": True}]}, "sweep")
    assert found["line"].startswith(
        "sweep: fsx: cannot be looked for (no). Its owner is the permissions of the principal"
    )


def test_loops_and_plain_failures() -> None:
    looped = {
        "results": [{"failed": False, "msg": "fine"}, {"failed": True, "msg": "helm gave up"}],
        "msg": "One or more",
    }
    assert [row["line"] for row in blockers.of(looped, "charts")] == ["charts: helm gave up."]
    assert blockers.of({}, "charts")[0]["what"] == "a task failed without a message"
