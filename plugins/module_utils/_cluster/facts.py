# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The cluster facts, from what EKS says, what Terraform made and what was discovered. Pure functions."""

from __future__ import annotations

import typing as t

_TEXTS = (
    "name",
    "arn",
    "region",
    "account",
    "partition",
    "version",
    "status",
    "endpoint",
    "ca",
    "kubeconfig",
    "context",
    "mode",
    "vpc_id",
    "cluster_security_group_id",
    "node_security_group_id",
    "node_role_name",
    "node_role_arn",
    "karpenter_role_arn",
    "interruption_queue",
    "efs_id",
    "efs_access_point_id",
    "fsx_id",
    "fsx_dns_name",
    "fsx_mount_name",
    "model_bucket",
    "amp_endpoint",
    "oidc_issuer",
    "service_cidr",
    "authentication_mode",
)
_LISTS = ("private_subnet_ids", "public_subnet_ids", "node_security_group_ids", "capacity_reservation_ids")
_DICTS = ("tags", "karpenter", "placement_groups")
FIELDS = (*_TEXTS, *_LISTS, *_DICTS)

#: What EKS knows better than any saved value.
_FROM_EKS = (
    "name",
    "arn",
    "version",
    "status",
    "endpoint",
    "ca",
    "vpc_id",
    "cluster_security_group_id",
    "oidc_issuer",
    "authentication_mode",
)


def empty_facts() -> dict[str, t.Any]:
    """Return facts of no cluster: every field is there, with "", [] or {}."""
    return {**dict.fromkeys(_TEXTS, ""), **{name: [] for name in _LISTS}, **{name: {} for name in _DICTS}}


def facts_of(
    described: t.Mapping[str, t.Any],
    outputs: t.Mapping[str, t.Any],
    discovered: t.Mapping[str, t.Any],
    mode: str,
    kubeconfig: str,
) -> dict[str, t.Any]:
    """Return the facts of a cluster.

    Args:
        described: "cluster" of eks:DescribeCluster.
        outputs: of the Terraform configuration, or earlier facts; they win over what was discovered.
        discovered: further values by field.
        mode: terraform or existing.
        kubeconfig: path of the kubeconfig that belongs to the facts.
    """
    arn = str(described.get("arn", ""))
    _arn, partition, _service, region, account, *_rest = [*arn.split(":"), "", "", "", "", ""]
    network = described.get("resourcesVpcConfig") or {}
    from_eks = {
        "name": described.get("name"),
        "arn": arn,
        "region": region,
        "account": account,
        "partition": partition,
        "version": described.get("version"),
        "status": described.get("status"),
        "endpoint": described.get("endpoint"),
        "ca": (described.get("certificateAuthority") or {}).get("data"),
        "vpc_id": network.get("vpcId"),
        "private_subnet_ids": network.get("subnetIds"),
        "cluster_security_group_id": network.get("clusterSecurityGroupId"),
        "node_security_group_id": network.get("clusterSecurityGroupId"),
        "oidc_issuer": ((described.get("identity") or {}).get("oidc") or {}).get("issuer"),
        "service_cidr": (described.get("kubernetesNetworkConfig") or {}).get("serviceIpv4Cidr"),
        "authentication_mode": (described.get("accessConfig") or {}).get("authenticationMode"),
        "tags": described.get("tags"),
    }
    facts = empty_facts()
    for layer in (from_eks, discovered, outputs, {name: from_eks[name] for name in _FROM_EKS}):
        facts.update({name: layer[name] for name in FIELDS if layer.get(name)})
    facts.update(status=described.get("status") or "", mode=mode, kubeconfig=kubeconfig, context=arn)
    if not facts["node_security_group_ids"]:
        facts["node_security_group_ids"] = [group for group in [facts["node_security_group_id"]] if group]
    return facts
