# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A cluster whose Terraform state is lost goes by tags and relations; another one with a similar name stays whole."""

from __future__ import annotations

from typing import Any

from .account import Cluster


def test_only_one_of_two_clusters_with_similar_names_goes(aws: Any, cluster: Cluster, scan: Any, sweep: Any) -> None:
    other = Cluster(aws.client, "dyn-2", 9)
    other.whole()
    before = aws.inventory()
    cluster.whole()

    found = scan()
    assert (found["problems"], found["foreign"]) == ([], [])
    assert found["monthly_usd"] > 200
    expected = {(one["kind"], one["id"]) for one in found["leftovers"] if not one["pending"]}
    kinds = {one["kind"] for one in found["leftovers"]}
    assert {"eks_nodegroup", "efs_mount_target", "recovery_point", "fast_snapshot_restore", "kms_alias"} <= kinds

    preview = sweep(check=True)
    assert preview["changed"]
    assert {(one["kind"], one["id"]) for one in preview["deleted"]} == expected

    done = sweep()
    assert (done.get("msg"), done["blocked"], done["changed"]) == (None, [], True)
    assert {(one["kind"], one["id"]) for one in done["deleted"]} == expected
    assert {one["kind"] for one in done["deleted"] if one["pending"]} == {"kms_key", "secret"}
    assert aws.inventory() == before

    again = sweep()
    assert (again["changed"], again["deleted"], again["blocked"]) == (False, [], [])
    assert {one["kind"] for one in again["pending"]} == {"kms_key", "secret"}

    last = sweep(cluster_name="dyn-2")
    assert (last.get("msg"), last["blocked"]) == (None, [])
    assert aws.inventory() == {}
