# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The published policies for a cluster that something else made: small, narrow, and in step with the Terraform root."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
POLICIES: dict[str, Any] = json.loads((ROOT / "docs/iam/existing-policy.json").read_text(encoding="utf-8"))
TERRAFORM = "".join(
    path.read_text(encoding="utf-8")
    for folder in ("adopt", "modules/karpenter", "modules/pod_identity")
    for path in sorted((ROOT / "terraform" / folder).glob("*.tf"))
)


def statement(document: str, sid: str) -> dict[str, Any]:
    found: dict[str, Any] = next(item for item in POLICIES[document]["Statement"] if item["Sid"] == sid)
    return found


def test_documents_fit_into_managed_policies_and_name_every_action() -> None:
    for name, document in POLICIES.items():
        assert len(re.sub(r"\s", "", json.dumps(document))) <= 6144, name
        for item in document["Statement"]:
            assert not [action for action in item["Action"] if "*" in action], name


def test_who_only_looks_changes_nothing() -> None:
    actions = [action for item in POLICIES["look"]["Statement"] for action in item["Action"]]
    assert all(re.search(r":(Describe|Get|List)", action) for action in actions)


def test_nothing_can_be_done_to_the_cluster_itself_nor_to_parts_of_others() -> None:
    actions = {action for name in ("add", "efs") for item in POLICIES[name]["Statement"] for action in item["Action"]}
    assert not {action for action in actions if re.match(r"eks:(Update|Delete|Create)(Cluster|Nodegroup)", action)}
    for name, key in (("AddToCluster", "aws:RequestTag/ManagedBy"), ("ChangeOwn", "aws:ResourceTag/ManagedBy")):
        assert statement("add", name)["Condition"] == {"StringEquals": {key: "ai_on_eks.dynamo"}}
    keys = statement("add", "Discovery")["Condition"]["ForAllValues:StringEquals"]["aws:TagKeys"]
    assert keys == sorted(re.findall(r'^\s+key\s+= "([a-z./-]+)"', TERRAFORM, flags=re.MULTILINE))


def test_roles_and_their_policies_are_those_of_terraform() -> None:
    suffixes = set(re.findall(r'"\$\{var\.iam_prefix\}-([a-z-]+)"', TERRAFORM))
    suffixes |= set(re.findall(r"^\s+([a-z-]+)\s+= \{ service_account", TERRAFORM, flags=re.MULTILINE))
    for sid in ("CreateRoles", "Roles", "AttachPolicies", "PassRoles"):
        assert {arn.rpartition("/*-")[2] for arn in statement("add", sid)["Resource"]} == suffixes, sid
    attached = set(re.findall(r'"((?:service-role/)?Amazon\w+)"', TERRAFORM))
    allowed = statement("add", "AttachPolicies")["Condition"]["ArnEquals"]["iam:PolicyARN"]
    assert {arn.partition(":policy/")[2] for arn in allowed} == attached
