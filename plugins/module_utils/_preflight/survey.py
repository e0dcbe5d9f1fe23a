# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Asking AWS, several questions at a time. A question that fails leaves its error as the answer."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import datetime
import typing as t

from .._cluster.aws import Aws, AwsError
from . import pricing
from .quotas import QUOTAS, SERVICES

WORKERS = 8
# The Pricing API has few endpoints; this one knows every region.
PRICING_REGION = "us-east-1"
# Question -> the permissions that it needs.
ACTIONS: dict[str, tuple[str, ...]] = {
    "zones": ("ec2:DescribeAvailabilityZones",),
    "subnets": ("ec2:DescribeSubnets",),
    "instances": ("ec2:DescribeInstances",),
    "addresses": ("ec2:DescribeAddresses",),
    "vpcs": ("ec2:DescribeVpcs",),
    "nat_gateways": ("ec2:DescribeNatGateways",),
    "offerings": ("ec2:DescribeInstanceTypeOfferings",),
    "shapes": ("ec2:DescribeInstanceTypes",),
    "clusters": ("eks:ListClusters",),
    "cluster": ("eks:DescribeCluster",),
    "versions": ("eks:DescribeClusterVersions",),
    "service_roles": ("iam:ListRoles",),
    "quotas": ("servicequotas:ListServiceQuotas", "servicequotas:GetAWSDefaultServiceQuota"),
    "spot": ("ec2:DescribeSpotPriceHistory",),
    "prices": ("pricing:GetProducts",),
}
_CLIENTS = ("ec2", "eks", "iam", "service-quotas")


def actions() -> list[str]:
    """Return every permission that the questions need."""
    return sorted({action for group in ACTIONS.values() for action in group})


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What is to be found out.

    Attributes:
        cluster_name: the cluster, whether it is there or not.
        instance_types: types whose zones and sizes matter.
        priced_types: types whose prices matter.
        prices: whether to ask for prices at all.
    """

    cluster_name: str
    instance_types: tuple[str, ...]
    priced_types: tuple[str, ...] = ()
    prices: bool = True


class Answers:
    """What was answered to the questions of ACTIONS."""

    def __init__(self, found: t.Mapping[str, t.Any]) -> None:
        self._found = found

    def get(self, name: str, default: t.Any = None) -> t.Any:
        """Return the answer; the default when the question failed or was not asked."""
        found = self._found.get(name)
        return default if found is None or isinstance(found, AwsError) else found

    def errors(self) -> dict[str, AwsError]:
        """Return the questions that failed."""
        return {name: found for name, found in self._found.items() if isinstance(found, AwsError)}


def survey(aws: Aws, price_lists: Aws, wanted: Wanted) -> Answers:
    """Ask everything.

    Args:
        aws: clients of the region.
        price_lists: clients of PRICING_REGION.
        wanted: what is to be found out.
    """
    # boto3's session is not safe for threads, its clients are.
    for service in _CLIENTS:
        aws.client(service)
    questions: dict[str, t.Callable[[], t.Any]] = {
        "quotas ec2": lambda: _quotas(aws, "ec2"),
        **{f"quotas {service}": _later(_quotas, aws, service) for service in SERVICES if service != "ec2"},
        "instances": lambda: _instances(aws),
        "offerings": lambda: _offerings(aws, wanted.instance_types),
        "shapes": lambda: _shapes(aws, wanted.instance_types),
        "zones": lambda: aws.ask("list the zones", "ec2", "describe_availability_zones")["AvailabilityZones"],
        "subnets": lambda: aws.pages("list the subnets", "ec2", "describe_subnets", "Subnets"),
        "addresses": lambda: aws.ask("list the Elastic IPs", "ec2", "describe_addresses")["Addresses"],
        "vpcs": lambda: aws.pages("list the VPCs", "ec2", "describe_vpcs", "Vpcs"),
        "nat_gateways": lambda: _nat_gateways(aws),
        "clusters": lambda: aws.pages("list the clusters", "eks", "list_clusters", "clusters"),
        "cluster": lambda: _cluster(aws, wanted.cluster_name),
        "versions": lambda: _versions(aws),
        "service_roles": lambda: _service_roles(aws),
    }
    if wanted.prices:
        price_lists.client("pricing")
        questions["spot"] = lambda: _spot(aws, wanted.priced_types)
        for name in wanted.priced_types:
            questions[f"prices {name}"] = _later(_instance_price, price_lists, aws.region, name)
        for index, query in enumerate(pricing.QUERIES):
            questions[f"prices {index}"] = _later(_products, price_lists, aws.region, *query)
    with concurrent.futures.ThreadPoolExecutor(max_workers=WORKERS) as pool:
        asked = {name: pool.submit(_answer, question) for name, question in questions.items()}
        return Answers(_merge({name: future.result() for name, future in asked.items()}))


def _later(function: t.Callable[..., t.Any], *arguments: t.Any) -> t.Callable[[], t.Any]:
    return lambda: function(*arguments)


def _answer(question: t.Callable[[], t.Any]) -> t.Any:
    try:
        return question()
    except AwsError as error:
        return error


def _merge(found: dict[str, t.Any]) -> dict[str, t.Any]:
    """Put the parts of the questions quotas and prices together; a part that failed leaves a gap, and its error."""
    merged = {name: answer for name, answer in found.items() if " " not in name}
    quotas: dict[str, float] = {}
    instances: dict[str, float] = {}
    products: dict[t.Any, t.Any] = {}
    for name, answer in found.items():
        question, _space, part = name.partition(" ")
        if not part:
            continue
        if isinstance(answer, AwsError):
            merged.setdefault(f"{question} error", answer)
        elif question == "quotas":
            quotas.update(answer)
        elif part.isdigit():
            products[pricing.QUERIES[int(part)]] = answer
        elif answer is not None:
            instances[part] = answer
    merged["quotas"] = quotas
    merged["prices"] = pricing.Prices(instances, pricing.product_prices(products))
    return merged


def _quotas(aws: Aws, service: str) -> dict[str, float]:
    """Return the quotas of one service by key: those of the account, and AWS's own where it has none of its own."""
    listed = aws.pages(
        f"list the quotas of {service}", "service-quotas", "list_service_quotas", "Quotas", ServiceCode=service
    )
    values = {item["QuotaCode"]: float(item["Value"]) for item in listed}
    found = {}
    for quota in QUOTAS:
        if quota.service != service:
            continue
        if quota.code not in values:
            answer = _default_quota(aws, service, quota.code)
            if answer is None:
                continue
            values[quota.code] = answer
        found[quota.key] = values[quota.code]
    return found


def _default_quota(aws: Aws, service: str, code: str) -> float | None:
    try:
        answer = aws.ask(
            f"read the quota {code}",
            "service-quotas",
            "get_aws_default_service_quota",
            ServiceCode=service,
            QuotaCode=code,
        )
    except AwsError as error:
        if error.code == "NoSuchResourceException":
            return None
        raise
    return float(answer["Quota"]["Value"])


def _instances(aws: Aws) -> list[dict[str, t.Any]]:
    states = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
    reservations = aws.pages("list the instances", "ec2", "describe_instances", "Reservations", Filters=states)
    return [instance for item in reservations for instance in item.get("Instances") or []]


def _nat_gateways(aws: Aws) -> list[t.Any]:
    states = [{"Name": "state", "Values": ["pending", "available"]}]
    return aws.pages("list the NAT gateways", "ec2", "describe_nat_gateways", "NatGateways", Filters=states)


def _types(names: t.Sequence[str]) -> list[dict[str, t.Any]]:
    return [{"Name": "instance-type", "Values": list(names)}]


def _offerings(aws: Aws, names: t.Sequence[str]) -> list[t.Any]:
    return aws.pages(
        "list the zones of instance types",
        "ec2",
        "describe_instance_type_offerings",
        "InstanceTypeOfferings",
        LocationType="availability-zone",
        Filters=_types(names),
    )


def _shapes(aws: Aws, names: t.Sequence[str]) -> list[t.Any]:
    return aws.pages(
        "read the sizes of instance types", "ec2", "describe_instance_types", "InstanceTypes", Filters=_types(names)
    )


def _cluster(aws: Aws, name: str) -> dict[str, t.Any]:
    answer = aws.ask(f"look up the cluster {name}", "eks", "describe_cluster", name=name)
    return dict(answer["cluster"]) if answer else {}


def _versions(aws: Aws) -> list[t.Any]:
    if not hasattr(aws.client("eks"), "describe_cluster_versions"):
        raise AwsError("Failed to list the versions of EKS: this botocore does not know how. Upgrade boto3.", "OldSdk")
    answer = aws.ask("list the versions of EKS", "eks", "describe_cluster_versions", includeAll=True, maxResults=100)
    return list(answer.get("clusterVersions") or [])


def _service_roles(aws: Aws) -> list[str]:
    roles = aws.pages("list the service-linked roles", "iam", "list_roles", "Roles", PathPrefix="/aws-service-role/")
    return sorted(role["RoleName"] for role in roles)


def _spot(aws: Aws, names: t.Sequence[str]) -> list[t.Any]:
    return aws.pages(
        "read the spot prices",
        "ec2",
        "describe_spot_price_history",
        "SpotPriceHistory",
        InstanceTypes=list(names),
        ProductDescriptions=["Linux/UNIX"],
        StartTime=datetime.datetime.now(datetime.timezone.utc),
    )


def _instance_price(aws: Aws, region: str, name: str) -> float | None:
    found = _products(aws, region, "AmazonEC2", (("instanceType", name), *pricing.INSTANCE_FILTERS))
    return pricing.instance_price(found, name)


def _products(aws: Aws, region: str, service: str, fields: tuple[tuple[str, str], ...]) -> list[str]:
    filters = pricing.filters_of(region, *fields)
    return aws.pages(
        f"read the prices of {service}", "pricing", "get_products", "PriceList", ServiceCode=service, Filters=filters
    )
