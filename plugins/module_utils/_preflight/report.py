# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""From what AWS and the machine said to findings and costs. Pure: no question is asked here."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from .._cluster.aws import AwsError
from . import cost_table, costs, needs, places, pricing, quotas, shapes, versions
from .findings import ERROR, INFO, OK, WARNING, Finding, not_checked
from .needs import ON_DEMAND, SPOT, Need
from .quotas import Used
from .survey import ACTIONS, Answers

Json = t.Mapping[str, t.Any]
TERRAFORM = "terraform"
# Question, or part of one that failed -> name of the finding, and what was not checked then.
_PARTS = {
    "zones": ("zones", "availability zones"),
    "offerings": ("instance_types", "where instance types can be had"),
    "shapes": ("instance_types", "sizes of instance types"),
    "quotas error": ("quota", "service quotas"),
    "instances": ("quota", "running instances"),
    "addresses": ("quota", "Elastic IPs"),
    "vpcs": ("quota", "VPCs"),
    "subnets": ("quota", "zones of NAT gateways"),
    "nat_gateways": ("quota", "NAT gateways"),
    "clusters": ("quota", "clusters"),
    "cluster": ("cluster", "the cluster"),
    "versions": (versions.NAME, "versions that EKS serves"),
    "service_roles": ("service_roles", "service-linked roles"),
    "prices error": ("prices", "prices of this region"),
    "spot": ("prices", "spot prices"),
}


@dataclasses.dataclass(frozen=True)
class Plan:
    """What a run is about to do.

    Attributes:
        region: AWS region.
        cluster_name: the cluster.
        mode: terraform, when the run makes the cluster; existing, when it is there.
        variables: of the Terraform configuration.
        pools: of Karpenter; see role karpenter_gpu.
        node_classes: of those.
        examples: definitions of examples.
        further: further needs of the user.
        version: Kubernetes version that is wanted; empty for the one that runs.
    """

    region: str
    cluster_name: str
    mode: str = TERRAFORM
    variables: Json = dataclasses.field(default_factory=dict)
    pools: t.Sequence[Json] = ()
    node_classes: t.Sequence[Json] = ()
    examples: t.Sequence[Json] = ()
    further: t.Sequence[Need] = ()
    version: str = ""

    @property
    def made(self) -> bool:
        """Whether Terraform makes what costs."""
        return self.mode == TERRAFORM

    def needs(self, sizes: t.Mapping[str, shapes.Shape] | None = None) -> list[Need]:
        """Return everything that will ask for instances."""
        found = []
        if self.made:
            kind, count = costs.core_nodes(self.variables)
            found.append(Need("the node group core", (kind,), count, ON_DEMAND, at_once=True))
            kind, count = costs.gpu_nodes(self.variables)
            found += [Need("the node group gpu", (kind,), count, ON_DEMAND, at_once=True)] if count else []
        found += needs.of_pools(self.pools)
        for definition in self.examples:
            found += needs.of_example(definition, self.pools, sizes)
        return [*found, *self.further]

    def instance_types(self) -> tuple[str, ...]:
        """Return every type that may be asked for."""
        return tuple(dict.fromkeys(name for need in self.needs() for name in need.instance_types))

    def priced_types(self) -> tuple[str, ...]:
        """Return the types that the table of costs names."""
        return tuple(dict.fromkeys(need.instance_types[0] for need in self.needs()))


@dataclasses.dataclass(frozen=True)
class Report:
    """What came of it; fields as in the RETURN of aws_preflight_info."""

    findings: list[Finding]
    zones: list[str]
    quotas: list[dict[str, t.Any]]
    instance_types: list[dict[str, t.Any]]
    kubernetes: dict[str, t.Any]
    service_roles: list[str]
    costs: dict[str, t.Any]
    clusters: list[dict[str, str]]


def build(plan: Plan, answers: Answers, today: datetime.date, limit: float | None = None) -> Report:
    """Judge everything.

    Args:
        plan: what is about to be done.
        answers: of AWS.
        today: day to judge versions by.
        limit: what may always cost, in USD an hour.

    Raises:
        ValueError: the limit is no amount of money.
    """
    findings = _not_checked(answers)
    offered = places.zones_of_region(answers.get("zones", []))
    zones = _zones(plan, answers, offered)
    if offered and plan.made:
        findings += places.check_zones(offered, zones, plan.region)
    sizes = {item["InstanceType"]: shapes.from_ec2(item) for item in answers.get("shapes", [])}
    wanted = plan.needs(sizes)
    where = places.offered_in(answers.get("offerings", []))
    if answers.get("offerings") is not None and zones:
        findings += places.check_offerings(wanted, where, zones)
    rows, judged = quotas.check(
        answers.get("quotas", {}), _used(plan, answers, zones), _asked(plan, wanted, sizes), plan.region
    )
    findings += judged
    kubernetes, judged = _kubernetes(plan, answers, today)
    findings += judged
    if answers.get("service_roles") is not None:
        spot = any(need.capacity_type == SPOT for need in wanted)
        efs = plan.made and bool(costs.effective(plan.variables)["enable_aws_efs_csi_driver"])
        findings += places.check_service_roles(answers.get("service_roles"), spot, efs)
    prices = dataclasses.replace(
        answers.get("prices", pricing.Prices()), spot=pricing.spot_prices(answers.get("spot", []), zones)
    )
    money = _costs(plan, prices, sizes, kubernetes["status"] == versions.EXTENDED, len(zones))
    bounded = cost_table.check_limit(money, limit)
    findings += [bounded] if bounded else []
    types = [
        {
            **dataclasses.asdict(sizes.get(name) or shapes.shape_of(name)),
            "zones": [zone for zone in where.get(name, []) if zone in zones],
            "on_demand_usd": prices.instance(name),
            "spot_usd": prices.spot.get(name),
        }
        for name in plan.instance_types()
    ]
    return Report(findings, zones, rows, types, kubernetes, answers.get("service_roles", []), money, _clusters(answers))


def _clusters(answers: Answers) -> list[dict[str, str]]:
    """Return the cluster as far as the preflight knows it; an empty list when there is none."""
    found = answers.get("cluster", {})
    return [{key: str(found.get(key) or "") for key in ("name", "arn", "status", "version")}] if found else []


def _not_checked(answers: Answers) -> list[Finding]:
    failed: dict[str, list[tuple[str, AwsError, tuple[str, ...]]]] = {}
    for question, error in answers.errors().items():
        name, what = _PARTS[question]
        failed.setdefault(name, []).append((what, error, ACTIONS[question.partition(" ")[0]]))
    found = [finding for name, group in failed.items() for finding in not_checked(name, group)]
    # Nothing goes on without knowing whether the cluster is there, and which version it runs.
    return [dataclasses.replace(item, level=ERROR) if item.name == "cluster" else item for item in found]


def _zones(plan: Plan, answers: Answers, offered: t.Mapping[str, str]) -> list[str]:
    """Return the zones of the cluster: those of its subnets when it is there, else those that Terraform will choose."""
    inputs = costs.effective(plan.variables)
    subnets = (answers.get("cluster", {}).get("resourcesVpcConfig") or {}).get("subnetIds") or []
    if plan.made and not costs.own_network(plan.variables):
        subnets = inputs["private_subnet_ids"]
    found = {item["AvailabilityZone"] for item in answers.get("subnets", []) if item["SubnetId"] in subnets}
    if found or not plan.made:
        return sorted(found)
    return places.chosen_zones(offered, inputs["availability_zones"], costs.zones_count(plan.variables))


def _asked(plan: Plan, wanted: t.Sequence[Need], sizes: t.Mapping[str, shapes.Shape]) -> dict[str, quotas.Asked]:
    found = quotas.asked(wanted, sizes)
    if plan.made:
        nat = costs.nat_count(plan.variables)
        network = int(costs.own_network(plan.variables))
        for key, count in (("vpcs", network), ("clusters", 1), ("elastic_ips", nat), ("nat_gateways", network)):
            found[key] = quotas.Asked(count, count, count)
    return found


def _used(plan: Plan, answers: Answers, zones: t.Sequence[str]) -> dict[str, Used]:
    """Return what is in use of each quota, as far as it was told."""
    found: dict[str, Used] = {}
    if answers.get("instances") is not None:
        found.update({quota.key: Used() for quota in quotas.QUOTAS if quota.unit == "vCPUs"})
    for instance in answers.get("instances", []):
        capacity_type = SPOT if instance.get("InstanceLifecycle") == "spot" else ON_DEMAND
        key = quotas.key_of(str(instance["InstanceType"]), capacity_type)
        if key:
            found[key] = _more(found[key], shapes.vcpus_of(instance), _ours(instance, plan.cluster_name))
    for key, name in (("elastic_ips", "addresses"), ("vpcs", "vpcs")):
        if answers.get(name) is not None:
            mine = sum(_ours(item, plan.cluster_name) for item in answers.get(name))
            found[key] = Used(len(answers.get(name)), mine)
    if answers.get("clusters") is not None:
        found["clusters"] = Used(len(answers.get("clusters")), int(plan.cluster_name in answers.get("clusters")))
    if answers.get("nat_gateways") is not None and answers.get("subnets") is not None:
        zone_of = {item["SubnetId"]: item["AvailabilityZone"] for item in answers.get("subnets")}
        by_zone = {zone: Used() for zone in zones}
        for item in answers.get("nat_gateways"):
            zone = zone_of.get(item.get("SubnetId"), "")
            if zone in by_zone:
                by_zone[zone] = _more(by_zone[zone], 1, _ours(item, plan.cluster_name))
        found["nat_gateways"] = max(by_zone.values(), key=lambda used: used.others, default=Used())
    return found


def _more(used: Used, amount: int, ours: bool) -> Used:
    return Used(used.total + amount, used.ours + (amount if ours else 0))


def _ours(item: Json, cluster: str) -> bool:
    tags = {tag.get("Key"): tag.get("Value") for tag in item.get("Tags") or []}
    return cluster in (tags.get("Cluster"), tags.get("eks:cluster-name"), tags.get("aws:eks:cluster-name")) or (
        tags.get(f"kubernetes.io/cluster/{cluster}") == "owned"
    )


def _kubernetes(plan: Plan, answers: Answers, today: datetime.date) -> tuple[dict[str, t.Any], list[Finding]]:
    served = versions.from_eks(answers.get("versions", []))
    certain = bool(served)
    table = served or versions.TABLE
    running = str(answers.get("cluster", {}).get("version", ""))
    version = plan.version or running
    extra = answers.get("prices", pricing.Prices()).hourly("eks_extended_support")
    support = str(costs.effective(plan.variables)["eks_support_type"])
    facts = {
        "version": version,
        "running": running,
        "status": versions.status_of(version, table, today) if version else versions.UNKNOWN,
        "extended_support_usd": extra,
        "served": [
            {
                "version": item.version,
                "status": item.status(today),
                "standard_until": item.standard_until.isoformat(),
                "extended_until": item.extended_until.isoformat(),
            }
            for item in sorted(table, key=lambda item: item.standard_until)
        ],
        "source": "eks" if certain else f"table of {versions.AS_OF}",
    }
    return facts, [versions.check(version, table, today, extra, support, certain)] if version else []


def _costs(
    plan: Plan, prices: pricing.Prices, sizes: t.Mapping[str, shapes.Shape], extended: bool, zones: int
) -> dict[str, t.Any]:
    lines = costs.rows(plan.variables, prices, extended, zones) if plan.made else []
    total, unknown = costs.total(lines)
    examples = [
        costs.example_cost(
            str(item.get("name", "")),
            needs.of_example(item, plan.pools, sizes, prices),
            plan.pools,
            plan.node_classes,
            prices,
        )
        for item in plan.examples
    ]
    return {
        "region": plan.region,
        "rows": [row.as_dict() for row in lines],
        "hourly_usd": round(total, 6),
        "unknown": unknown,
        "nodes": [row.as_dict() for row in costs.node_costs(plan.pools, plan.node_classes, prices, sizes)],
        "examples": [row.as_dict() for row in examples],
        "by_use": costs.by_use(plan.variables, prices),
        "prices": prices.as_dict(),
    }


def summary(findings: t.Sequence[Finding]) -> dict[str, int]:
    """Return how many findings there are of each level."""
    return {level: sum(finding.level == level for finding in findings) for level in (ERROR, WARNING, INFO, OK)}
