# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What is written down before the first deletion, so that everything is found when cluster and state are gone. Pure.

Tags find most of it; the ids are for what carries none, and for whoever looks at the account without a cluster to ask.
"""

from __future__ import annotations

import typing as t

Row = t.Mapping[str, t.Any]

# Kind of a resource -> key under which its ids are saved, as cluster_leftovers_info and cluster_sweep read them.
KEYS = {
    "subnet": "subnet_ids",
    "security_group": "security_group_ids",
    "efs_file_system": "efs_ids",
    "fsx_file_system": "fsx_ids",
    "s3_bucket": "bucket_names",
    "iam_role": "role_names",
    "iam_policy": "policy_arns",
    "sqs_queue": "queue_urls",
    "oidc_provider": "oidc_provider_arns",
    "kms_key": "kms_key_ids",
    "ebs_volume": "volume_ids",
    "log_group": "log_groups",
}
LISTS = ("vpc_ids", "given_vpc_ids", *KEYS.values(), "state_buckets")


def build(saved: Row, cluster: Row, leftovers: t.Sequence[Row], volumes: t.Sequence[Row] = ()) -> dict[str, t.Any]:
    """Return the manifest: what an earlier run saved, and what can be seen now.

    Args:
        saved: an earlier manifest, {} for none.
        cluster: cluster facts, {} when the cluster is gone.
        leftovers: of a scan.
        volumes: of the cluster's contents.
    """
    lists: dict[str, set[str]] = {key: {str(item) for item in saved.get(key) or []} for key in LISTS}
    for row in leftovers:
        if row["kind"] in KEYS:
            lists[KEYS[row["kind"]]].add(str(row["id"]))
        if row["kind"] == "vpc":
            lists["vpc_ids"].add(str(row["id"]))
    for volume in volumes:
        if volume["driver"] == "ebs.csi.aws.com" and not volume["kept"]:
            lists["volume_ids"].add(str(volume["handle"]))
    for key, value in _of_facts(cluster):
        lists[key].add(value)
    # A VPC without our tags was there before: only what is tagged in it goes.
    vpc = str(cluster.get("vpc_id") or "")
    if vpc and vpc not in lists["vpc_ids"]:
        lists["given_vpc_ids"].add(vpc)
    lists["given_vpc_ids"] -= lists["vpc_ids"]
    plain = {
        name: str(cluster.get(name) or saved.get(name) or "")
        for name in ("account", "region", "endpoint", "arn", "oidc_issuer")
    }
    # Written first, so that a person who opens the file sees whose it is.
    return {
        "cluster": str(cluster.get("name") or saved.get("cluster") or ""),
        **plain,
        "keep": list(saved.get("keep") or []),
        **{key: sorted(lists[key] - {""}) for key in LISTS},
    }


def _of_facts(cluster: Row) -> list[tuple[str, str]]:
    """What a cluster names itself; a name of a role also where it carries no tag."""
    account, region = cluster.get("account") or "", cluster.get("region") or ""
    queue, issuer = cluster.get("interruption_queue") or "", str(cluster.get("oidc_issuer") or "")
    partition = str(cluster.get("partition") or "aws")
    pairs = [
        ("efs_ids", cluster.get("efs_id")),
        ("fsx_ids", cluster.get("fsx_id")),
        ("bucket_names", cluster.get("model_bucket")),
        ("role_names", cluster.get("node_role_name")),
        ("role_names", str(cluster.get("karpenter_role_arn") or "").rsplit("/", 1)[-1]),
        ("queue_urls", f"https://sqs.{region}.amazonaws.com/{account}/{queue}" if queue else ""),
    ]
    if issuer:
        provider = issuer.removeprefix("https://")
        pairs.append(("oidc_provider_arns", f"arn:{partition}:iam::{account}:oidc-provider/{provider}"))
    return [(key, str(value)) for key, value in pairs if value]
