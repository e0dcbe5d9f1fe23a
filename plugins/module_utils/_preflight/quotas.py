# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Service quotas: what an account may have, has, and will be asked for.

What already belongs to this cluster counts as part of what it needs, so that a second run needs nothing more.
Codes: Service Quotas console. EC2 counts instances in vCPUs.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .findings import ERROR, OK, WARNING, Finding
from .needs import SPOT, Need
from .shapes import Shape, quota_class, shape_of


@dataclasses.dataclass(frozen=True)
class Quota:
    """One quota of AWS."""

    key: str
    service: str
    code: str
    title: str
    unit: str


QUOTAS = (
    Quota("g", "ec2", "L-DB2E81BA", "Running On-Demand G and VT instances", "vCPUs"),
    Quota("g-spot", "ec2", "L-3819A6DF", "All G and VT Spot Instance Requests", "vCPUs"),
    Quota("p", "ec2", "L-417A185B", "Running On-Demand P instances", "vCPUs"),
    Quota("p-spot", "ec2", "L-7212CCBC", "All P4, P3 and P2 Spot Instance Requests", "vCPUs"),
    Quota("p5-spot", "ec2", "L-C4BD4855", "All P5 Spot Instance Requests", "vCPUs"),
    Quota("standard", "ec2", "L-1216C47A", "Running On-Demand Standard instances", "vCPUs"),
    Quota("standard-spot", "ec2", "L-34B43A08", "All Standard Spot Instance Requests", "vCPUs"),
    Quota("elastic_ips", "ec2", "L-0263D0A3", "EC2-VPC Elastic IPs", "addresses"),
    Quota("vpcs", "vpc", "L-F678F1CE", "VPCs per Region", "VPCs"),
    Quota("nat_gateways", "vpc", "L-FE5A380F", "NAT gateways per Availability Zone", "gateways"),
    Quota("clusters", "eks", "L-1194D53C", "Clusters", "clusters"),
)
SERVICES = tuple(dict.fromkeys(quota.service for quota in QUOTAS))


@dataclasses.dataclass(frozen=True)
class Used:
    """How much of a quota is in use, and how much of that by this cluster."""

    total: int = 0
    ours: int = 0

    @property
    def others(self) -> int:
        """What is not this cluster's."""
        return self.total - self.ours


@dataclasses.dataclass(frozen=True)
class Asked:
    """What one quota will be asked for, in its unit.

    Attributes:
        at_once: what an install makes.
        least: that, and one node of the most modest type of each pool.
        most: that, and the largest example.
        why_least: who asks for least.
        why_most: who asks for most.
        optional: the most modest node of the optional pool that asks for most.
        why_optional: who asks for that.
    """

    at_once: int = 0
    least: int = 0
    most: int = 0
    why_least: str = ""
    why_most: str = ""
    optional: int = 0
    why_optional: str = ""


def key_of(instance_type: str, capacity_type: str) -> str:
    """Return the key of the quota that counts an instance, "" when none of QUOTAS does."""
    kind = quota_class(instance_type)
    if capacity_type == SPOT:
        return f"{kind}-spot" if kind else ""
    return "p" if kind == "p5" else kind


def asked(needs: t.Sequence[Need], shapes: t.Mapping[str, Shape]) -> dict[str, Asked]:
    """Return what each quota of instances will be asked for, by the quota's key."""
    at_once: dict[str, int] = {}
    single: dict[str, list[tuple[int, str]]] = {}
    optional: dict[str, list[tuple[int, str]]] = {}
    groups: dict[str, dict[str, int]] = {}
    for need in needs:
        name = need.instance_types[0]
        key, vcpus = key_of(name, need.capacity_type), (shapes.get(name) or shape_of(name)).vcpus * need.count
        if not key:
            continue
        if need.at_once:
            at_once[key] = at_once.get(key, 0) + vcpus
        elif need.group:
            of_key = groups.setdefault(key, {})
            of_key[need.group] = of_key.get(need.group, 0) + vcpus
        else:
            (optional if need.optional else single).setdefault(key, []).append(
                (vcpus, f"{need.purpose} ({need.count} x {name})")
            )
    found = {}
    for key in {*at_once, *single, *groups, *optional}:
        now = at_once.get(key, 0)
        least, why_least = max(single.get(key, [(0, "")]))
        why_most, most = max(groups.get(key, {}).items(), key=lambda item: item[1], default=("", 0))
        if most < least:
            most, why_most = least, why_least
        more, why_more = max(optional.get(key, [(0, "")]))
        found[key] = Asked(now, now + least, now + most, why_least, why_most, more, why_more)
    return found


def check(
    values: t.Mapping[str, float], used: t.Mapping[str, Used], wanted: t.Mapping[str, Asked], region: str
) -> tuple[list[dict[str, t.Any]], list[Finding]]:
    """Return every known quota as a row, and a finding for each that will be asked for something.

    Args:
        values: what the account may have, by key; what is not in it is not judged.
        used: what it has, by key.
        wanted: what it will be asked for, by key.
        region: AWS region, for the commands that are proposed.
    """
    rows, findings = [], []
    for quota in QUOTAS:
        if quota.key not in values:
            continue
        value, there, want = int(values[quota.key]), used.get(quota.key), wanted.get(quota.key, Asked())
        rows.append(
            {
                **dataclasses.asdict(quota),
                "quota": value,
                "used": None if there is None else there.total,
                "used_by_cluster": None if there is None else there.ours,
                "needed": want.most,
            }
        )
        if want.most:
            findings.append(_judge(quota, value, (there or Used()).others, want, region))
        if want.optional > max(value, want.most):
            findings.append(_optional(quota, value, want, region))
    return rows, findings


def _judge(quota: Quota, value: int, others: int, want: Asked, region: str) -> Finding:
    name, what = "quota", f"{quota.title} ({quota.code})"
    busy = f", {others} of them used by others" if others else ""
    allowed = f"the quota {what} is {value} {quota.unit}{busy}"
    if others + want.at_once > value:
        return Finding(
            name,
            ERROR,
            f"The install needs {want.at_once} {quota.unit}, but {allowed}.",
            _more(quota, others + want.most, region),
        )
    if want.least > value:
        return Finding(
            name,
            ERROR,
            f"No instance can start for {want.why_least}: {allowed}.",
            _more(quota, others + want.most, region),
        )
    if others + want.least > value:
        return Finding(
            name,
            WARNING,
            f"At present no instance can start for {want.why_least}: {allowed}.",
            _more(quota, others + want.most, region, "Stop what uses it, or "),
        )
    if others + want.most > value:
        return Finding(
            name,
            WARNING,
            f"{want.why_most[:1].upper()}{want.why_most[1:]} needs {want.most} {quota.unit}, but {allowed}.",
            _more(quota, others + want.most, region, "Deploy smaller examples, or "),
        )
    return Finding(
        name, OK, f"{quota.title}: {value} {quota.unit}, {others + want.most} needed{busy and ' with others'}."
    )


def _optional(quota: Quota, value: int, want: Asked, region: str) -> Finding:
    return Finding(
        "quota",
        WARNING,
        f"No instance can start for {want.why_optional}: "
        f"the quota {quota.title} ({quota.code}) is {value} {quota.unit}.",
        _more(quota, want.optional, region, "Nothing, unless a graph is to use that pool; else "),
    )


def _more(quota: Quota, value: int, region: str, first: str = "") -> str:
    ask = "ask" if first else "Ask"
    return (
        f"{first}{ask} AWS for {value} or more (it takes hours to days): "
        f"aws service-quotas request-service-quota-increase --region {region} --service-code {quota.service} "
        f"--quota-code {quota.code} --desired-value {value}"
    )
