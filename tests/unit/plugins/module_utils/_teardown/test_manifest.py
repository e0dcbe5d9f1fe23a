# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What is written down before the first deletion, and what the sweep finds by it."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._leftovers.kinds import KINDS
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._teardown import manifest

FACTS: dict[str, Any] = {
    "name": "dyn",
    "account": "111122223333",
    "region": "us-west-2",
    "partition": "aws",
    "endpoint": "https://a",
    "vpc_id": "vpc-1",
    "efs_id": "fs-1",
    "node_role_name": "dyn-karp-node",
    "karpenter_role_arn": "arn:aws:iam::111122223333:role/dyn-karpenter",
    "interruption_queue": "dyn-karpenter",
    "oidc_issuer": "https://oidc.eks.us-west-2.amazonaws.com/id/ABC",
}
OURS = [{"kind": "vpc", "id": "vpc-1"}, {"kind": "security_group", "id": "sg-1"}, {"kind": "subnet", "id": "subnet-1"}]


def volume(handle: str, kept: bool = False, driver: str = "ebs.csi.aws.com") -> dict[str, Any]:
    return {"handle": handle, "driver": driver, "kept": kept}


def test_everything_that_names_the_cluster_is_written_down() -> None:
    made = manifest.build({}, FACTS, OURS, [volume("vol-1"), volume("vol-2", kept=True), volume("fs-1", driver="efs")])
    assert (made["cluster"], made["account"], made["endpoint"]) == ("dyn", "111122223333", "https://a")
    assert made["vpc_ids"] == ["vpc-1"]
    assert made["given_vpc_ids"] == []
    assert made["security_group_ids"] == ["sg-1"]
    assert made["role_names"] == ["dyn-karp-node", "dyn-karpenter"]
    assert made["queue_urls"] == ["https://sqs.us-west-2.amazonaws.com/111122223333/dyn-karpenter"]
    assert made["oidc_provider_arns"] == [
        "arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-west-2.amazonaws.com/id/ABC"
    ]
    assert made["volume_ids"] == ["vol-1"]
    json.dumps(made)


def test_a_vpc_without_our_tags_is_somebody_elses() -> None:
    made = manifest.build({}, FACTS, OURS[1:])
    assert made["vpc_ids"] == []
    assert made["given_vpc_ids"] == ["vpc-1"]


def test_what_an_earlier_run_saved_stays_when_the_cluster_is_gone() -> None:
    before = manifest.build({"keep": ["efs"]}, FACTS, OURS)
    assert manifest.build(before, {}, []) == before
    assert before["keep"] == ["efs"]


def test_the_scan_reads_the_keys_that_are_written() -> None:
    """A key that no kind reads would be written in vain; one that is misspelt would find nothing."""
    read = {kind.identity for kind in KINDS if kind.identity}
    written = {key for kind, key in manifest.KEYS.items() if kind not in {"subnet", "security_group"}}
    assert written <= read
    assert set(manifest.KEYS) <= {kind.name for kind in KINDS}
