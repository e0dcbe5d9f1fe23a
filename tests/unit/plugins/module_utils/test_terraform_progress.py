# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What is shown while Terraform runs, and what a failure says."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._terraform.diagnostics import (
    explain,
    explain_init,
    hint_for,
)
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._terraform.progress import Progress


def planned(address: str, action: str, reason: str = "") -> dict[str, Any]:
    change: dict[str, Any] = {"resource": {"addr": address}, "action": action}
    return {"type": "planned_change", "change": {**change, **({"reason": reason} if reason else {})}}


def event(kind: str, address: str, action: str = "create") -> dict[str, Any]:
    return {"type": kind, "hook": {"resource": {"addr": address}, "action": action}}


def test_a_run_from_plan_to_end() -> None:
    run = Progress()
    for address in ("aws_vpc.this", "aws_eks_cluster.this"):
        run.feed(planned(address, "create"), 0)
    run.feed(planned("data.x.y", "read"), 0)
    assert run.counts() == {"add": 2, "change": 0, "destroy": 0, "import": 0}
    assert run.heartbeat(1) == "  [ 0:01] 0/2 waiting for Terraform"
    run.feed(event("apply_start", "aws_vpc.this"), 2)
    run.feed(event("apply_start", "aws_eks_cluster.this"), 2)
    run.feed(event("apply_complete", "aws_vpc.this"), 5)
    assert run.take_line(5.5) == "  [ 0:05] 1/2 created aws_vpc.this (3 s)"
    assert run.take_line(6) == ""
    assert run.heartbeat(132) == "  [ 2:12] 1/2 creating aws_eks_cluster.this for 2 min 10 s"
    run.feed(event("apply_errored", "aws_eks_cluster.this"), 140)
    assert run.failed == ["aws_eks_cluster.this"]
    assert run.done == 1


def test_many_at_once_share_a_line() -> None:
    run = Progress()
    for index in range(12):
        run.feed(planned(f"r.{index}", "create"), 0)
        run.feed(event("apply_start", f"r.{index}"), 0)
    assert run.heartbeat(4).endswith("creating r.0 for 4 s, creating r.1 for 4 s, creating r.2 for 4 s and 9 more")
    for index in range(12):
        run.feed(event("apply_complete", f"r.{index}"), 7)
    assert run.take_line(7) == "  [ 0:07] 12/12 created r.0 (7 s), r.1 (7 s), r.2 (7 s) and 9 more"


def test_a_replacement_is_two_steps_and_counts_on_both_sides() -> None:
    run = Progress()
    run.feed(planned("r.a", "replace", "tainted"), 0)
    assert run.counts() == {"add": 1, "change": 0, "destroy": 1, "import": 0}
    assert run.total == 2
    assert run.planned["r.a"]["reason"] == "tainted"


def test_data_sources_read_during_an_apply_do_not_count() -> None:
    run = Progress()
    run.feed(event("apply_start", "data.x.y", "read"), 0)
    run.feed(event("apply_complete", "data.x.y", "read"), 1)
    assert run.done == 0
    assert run.take_line(2) == ""


def diagnostic(summary: str, detail: str = "", **more: Any) -> dict[str, Any]:
    return {"severity": "error", "summary": summary, "detail": detail, **more}


def test_an_error_names_resource_place_cause_and_what_to_do() -> None:
    message = explain(
        "apply",
        [
            {"severity": "warning", "summary": "deprecated"},
            diagnostic(
                "creating EKS Cluster (x)",
                "AccessDeniedException: User: arn is not authorized to perform: eks:CreateCluster",
                address="aws_eks_cluster.this",
                range={"filename": "cluster.tf", "start": {"line": 111}},
            ),
            diagnostic("another"),
        ],
    )
    assert message == (
        "Failed to apply aws_eks_cluster.this (cluster.tf:111): creating EKS Cluster (x): AccessDeniedException: "
        "User: arn is not authorized to perform: eks:CreateCluster. The installing principal lacks a permission: "
        "attach the policies of docs/iam/ to it, or use a principal that has them. "
        "And 1 more error(s), see diagnostics."
    )


def test_a_refused_variable_says_only_what_to_write() -> None:
    detail = (
        "Write 2, 3 or 4 for availability_zones_count.\n\nThis was checked by the validation rule at variables.tf:1,1."
    )
    message = explain(
        "plan", [diagnostic("Invalid value for variable", detail, range={"filename": "v.tf", "start": {"line": 9}})]
    )
    assert message == "Failed to plan the stack (v.tf:9): Write 2, 3 or 4 for availability_zones_count."


def test_what_is_taken_over_is_no_step_and_a_deposed_object_no_second_one() -> None:
    run = Progress()
    taken = planned("r.log", "noop")
    taken["change"]["importing"] = {"id": "/aws/eks/c/cluster"}
    run.feed(taken, 0)
    run.feed(planned("r.a", "create"), 0)
    assert run.counts() == {"add": 1, "change": 0, "destroy": 0, "import": 1}
    assert run.total == 1
    # A replacement that creates before it destroys has two things going on under one address.
    run.feed(event("apply_start", "r.b", "create"), 1)
    run.feed(event("apply_start", "r.b", "delete"), 3)
    run.feed(event("apply_complete", "r.b", "create"), 4)
    assert run.heartbeat(5).endswith("deleting r.b for 2 s")


def test_without_a_diagnostic_the_output_is_the_cause() -> None:
    assert explain("apply", [], "\x1b[31m╷\n│ Boom\n╵\x1b[0m").startswith("Failed to apply the stack: Boom. ")
    assert "without a message" in explain("apply", [], "")


NO_REGISTRY = """
Error: Failed to query available provider packages

Could not retrieve the list of available versions for provider hashicorp/aws:
could not connect to registry.terraform.io: failed to request discovery
document: Get "https://registry.terraform.io/.well-known/terraform.json":
dial tcp: lookup registry.terraform.io: no such host
"""


@pytest.mark.parametrize("config", ["", "/etc/tf.rc"])
def test_no_mirror_and_no_registry_is_one_line(config: str) -> None:
    message = explain_init(NO_REGISTRY, "/w", config)
    assert "\n" not in message
    assert "the provider hashicorp/aws is neither in" in message
    assert (config in message) if config else ("a local provider mirror" in message)
    assert "TF_CLI_CONFIG_FILE" in message


def test_another_failure_of_init_keeps_its_cause() -> None:
    message = explain_init("╷\n│ Error: Unsupported Terraform Core version\n│\n│ on versions.tf", "/w", "")
    assert "Unsupported Terraform Core version" in message


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("ExpiredToken: The security token included in the request is expired", "expired"),
        ("RequestLimitExceeded: Request limit exceeded", "throttles"),
        ("VpcLimitExceeded: The maximum number of VPCs", "quota"),
        ("ResourceAlreadyExistsException: The specified log group already exists", "left over"),
        ("DependencyViolation: resource sg-1 has a dependent object", "Something that Terraform did not make"),
        ("AWS account ID not allowed: 1", "another account"),
        ("dial tcp 127.0.0.1:1: connect: connection refused", "cannot be reached"),
        ("api error OptInRequired: You are not subscribed to this service", "region cannot be used"),
        ("AccessDenied: ... with an explicit deny in a service control policy", "A policy denies"),
        ("AddressLimitExceeded: The maximum number of addresses has been reached", "quota"),
        ("InvalidSubnet.Conflict: The CIDR '10.0.0.0/24' conflicts with another subnet", "networks overlap"),
        (
            "InvalidParameterException: Subnets specified must be in at least two different AZs",
            "two availability zones",
        ),
        ("InvalidParameterException: unsupported Kubernetes version 1.19", "eks_cluster_version"),
        ("ResourceInUseException: Cluster already exists with name: c", "not in this state"),
        ('Error: Failed to get existing workspaces: S3 bucket "b" does not exist.', "create_bucket"),
        ("nothing known", ""),
    ],
)
def test_known_causes_have_a_hint(text: str, word: str) -> None:
    assert word in hint_for(text)
    assert bool(hint_for(text)) == bool(word)
