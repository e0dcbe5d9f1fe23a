# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The published policies of the installing principal: small enough for IAM, no wider than they say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._leftovers.kinds import actions
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._preflight import survey

ROOT = Path(__file__).resolve().parents[2]
POLICIES: dict[str, Any] = json.loads((ROOT / "docs/iam/installer-policy.json").read_text(encoding="utf-8"))


def allowed(name: str) -> set[str]:
    return {action for statement in POLICIES[name]["Statement"] for action in statement["Action"]}


def terraform(*folders: str) -> str:
    """The text of Terraform's configuration in some folders of the root."""
    paths = [path for folder in folders for path in sorted((ROOT / "terraform" / folder).glob("*.tf"))]
    return "".join(path.read_text(encoding="utf-8") for path in paths)


def test_every_document_fits_into_a_managed_policy() -> None:
    for name, document in POLICIES.items():
        assert len(re.sub(r"\s", "", json.dumps(document))) <= 6144, name
    assert len(POLICIES) <= 10


def test_no_action_is_a_wildcard_and_nothing_is_denied_or_inverted() -> None:
    for name, document in POLICIES.items():
        for statement in document["Statement"]:
            assert set(statement) <= {"Sid", "Effect", "Action", "Resource", "Condition"}, name
            assert statement["Effect"] == "Allow"
            assert not [action for action in statement["Action"] if "*" in action], name


def test_the_scan_may_read_all_that_it_looks_for_and_nothing_else() -> None:
    assert set(actions()) <= allowed("cleanup-scan")
    assert all(re.search(r":(Describe|Get|List)", action) for action in allowed("cleanup-scan"))


def test_the_preflight_may_read_what_it_asks_for_and_nothing_else() -> None:
    assert set(survey.actions()) == allowed("preflight")
    assert all(re.search(r":(Describe|Get|List)", action) for action in allowed("preflight"))


def test_roles_are_named_as_terraform_names_them() -> None:
    text = terraform("", "modules/karpenter", "modules/pod_identity")
    fixed = set(re.findall(r'"\$\{(?:local|var)\.iam_prefix\}-([a-z-]+)"', text)) - {"models"}
    drivers = set(re.findall(r"^\s+([a-z-]+)\s+= \{ service_account", text, flags=re.MULTILINE))
    patterns = {
        resource.rpartition("/*-")[2]
        for name in ("identity", "options")
        for statement in POLICIES[name]["Statement"]
        if statement["Sid"] == "Roles"
        for resource in statement["Resource"]
    }
    assert patterns == fixed | drivers


def test_only_policies_that_terraform_attaches_can_be_attached() -> None:
    text = terraform("", "modules/karpenter", "modules/pod_identity")
    named = r'"(?:\$\{local\.managed_policy_prefix\}/)?((?:service-role/)?(?:Amazon|AWSXray|CloudWatch)\w+)"'
    # Access policies of EKS have names of the same form, but are no IAM policies.
    in_kubernetes = r"AmazonEKS(Cluster)?(Admin|AdminView|Edit|View)Policy"
    attached = {name for name in re.findall(named, text) if not re.fullmatch(in_kubernetes, name)}
    arns = {
        arn
        for name in ("identity", "options")
        for statement in POLICIES[name]["Statement"]
        if statement["Sid"] == "AttachPolicies"
        for arn in statement["Condition"]["ArnEquals"]["iam:PolicyARN"]
    }
    assert {arn.partition(":policy/")[2] for arn in arns} == attached
