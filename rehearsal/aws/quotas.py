# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""Service Quotas: the quotas that an install depends on. moto knows those of VPC only."""

from __future__ import annotations

from typing import Any

from rehearsal.aws.account import arn
from rehearsal.aws.errors import AwsError
from rehearsal.aws.operations import Context, Result, operation

#: Service -> code -> (name, applied value, default value). Sources: Service Quotas console; applied values are ours.
QUOTAS: dict[str, dict[str, tuple[str, float, float]]] = {
    "ec2": {
        "L-1216C47A": ("Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 128, 5),
        "L-34B43A08": ("All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests", 128, 5),
        "L-DB2E81BA": ("Running On-Demand G and VT instances", 64, 0),
        "L-3819A6DF": ("All G and VT Spot Instance Requests", 64, 0),
        "L-417A185B": ("Running On-Demand P instances", 192, 0),
        "L-7212CCBC": ("All P4, P3 and P2 Spot Instance Requests", 64, 0),
        "L-C4BD4855": ("All P5 Spot Instance Requests", 192, 0),
        "L-0263D0A3": ("EC2-VPC Elastic IPs", 5, 5),
    },
    "vpc": {
        "L-F678F1CE": ("VPCs per Region", 5, 5),
        "L-A4707A72": ("Internet gateways per Region", 5, 5),
        "L-FE5A380F": ("NAT gateways per Availability Zone", 5, 5),
        "L-E79EC296": ("VPC security groups per Region", 2500, 2500),
        "L-DF5E4CA3": ("Network interfaces per Region", 5000, 5000),
    },
    "eks": {
        "L-1194D53C": ("Clusters", 100, 100),
        "L-6D54EA21": ("Managed node groups per cluster", 30, 30),
    },
    "elasticfilesystem": {"L-848C634D": ("File systems per account", 1000, 1000)},
    "fsx": {"L-76B4D97B": ("Lustre Persistent_2 storage capacity", 100800, 100800)},
}


#: What the admin API set instead of an applied value, by service and code.
_SET: dict[tuple[str, str], float] = {}


def set_quota(service: str, code: str, value: float) -> None:
    """Give a quota another applied value.

    Raises:
        ValueError: There is no such quota.
    """
    if code not in QUOTAS.get(service, {}):
        raise ValueError(f"there is no quota {code} of {service}")
    _SET[(service, code)] = value


def reset_quotas() -> None:
    """Give every quota the value of the table again."""
    _SET.clear()


def _quota(region: str, service: str, code: str, default: bool) -> dict[str, Any]:
    name, applied, standard = QUOTAS[service][code]
    applied = _SET.get((service, code), applied)
    return {
        "ServiceCode": service,
        "ServiceName": service.upper(),
        "QuotaArn": arn("servicequotas", f"{service}/{code}", region),
        "QuotaCode": code,
        "QuotaName": name,
        "Value": float(standard if default else applied),
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }


def _one(context: Context, default: bool) -> Result:
    service, code = context.params["ServiceCode"], context.params["QuotaCode"]
    if code not in QUOTAS.get(service, {}):
        raise AwsError(
            "NoSuchResourceException", f"The request failed because the specified service quota {code} does not exist."
        )
    return {"Quota": _quota(context.region, service, code, default)}


def _all(context: Context, default: bool) -> Result:
    service = context.params["ServiceCode"]
    if service not in QUOTAS:
        raise AwsError(
            "NoSuchResourceException", f"The request failed because the specified service {service} does not exist."
        )
    return {"Quotas": [_quota(context.region, service, code, default) for code in QUOTAS[service]]}


@operation("service-quotas", "GetServiceQuota")
def get_service_quota(context: Context) -> Result:
    """Show a quota as it applies to this account."""
    return _one(context, default=False)


@operation("service-quotas", "GetAWSDefaultServiceQuota")
def get_aws_default_service_quota(context: Context) -> Result:
    """Show the default of a quota."""
    return _one(context, default=True)


@operation("service-quotas", "ListServiceQuotas")
def list_service_quotas(context: Context) -> Result:
    """List a service's quotas as they apply to this account."""
    return _all(context, default=False)


@operation("service-quotas", "ListAWSDefaultServiceQuotas")
def list_aws_default_service_quotas(context: Context) -> Result:
    """List the defaults of a service's quotas."""
    return _all(context, default=True)
