# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Where instance types can be had, and who asks."""

from __future__ import annotations

import difflib
import typing as t

from .findings import ERROR, INFO, OK, WARNING, Finding
from .needs import Need

Json = t.Mapping[str, t.Any]
# EKS puts no control plane there. Source: EKS User Guide, "Subnet requirements for clusters".
NO_CONTROL_PLANE = ("use1-az3", "usw1-az2", "cac1-az3")


def zones_of_region(described: t.Iterable[Json]) -> dict[str, str]:
    """Return the zones that a cluster can use, name and id: no local, wavelength or barred ones."""
    return {
        str(zone["ZoneName"]): str(zone.get("ZoneId", ""))
        for zone in sorted(described, key=lambda item: str(item["ZoneName"]))
        if zone.get("State", "available") == "available"
        and zone.get("OptInStatus", "opt-in-not-required") == "opt-in-not-required"
        and zone.get("ZoneType", "availability-zone") == "availability-zone"
    }


def chosen_zones(offered: t.Mapping[str, str], named: t.Sequence[str], count: int) -> list[str]:
    """Return the zones that Terraform will use: those that are named, else the first that EKS can use."""
    return sorted(named) or [name for name, identifier in offered.items() if identifier not in NO_CONTROL_PLANE][:count]


def check_zones(offered: t.Mapping[str, str], zones: t.Sequence[str], region: str) -> list[Finding]:
    """Judge the zones that were chosen."""
    some = ", ".join(name for name, identifier in offered.items() if identifier not in NO_CONTROL_PLANE)
    findings = []
    for zone in zones:
        if zone not in offered:
            findings.append(
                Finding(
                    "zones",
                    ERROR,
                    f"{region} has no availability zone {zone} for this account.",
                    f"Choose from {some} for availability_zones.",
                )
            )
        elif offered[zone] in NO_CONTROL_PLANE:
            findings.append(
                Finding(
                    "zones",
                    ERROR,
                    f"EKS puts no control plane into {zone} ({offered[zone]}).",
                    f"Choose from {some} for availability_zones.",
                )
            )
    return findings or [Finding("zones", OK, f"Availability zones: {', '.join(zones)}.")]


def offered_in(offerings: t.Iterable[Json]) -> dict[str, list[str]]:
    """Return the zones of each instance type."""
    found: dict[str, list[str]] = {}
    for item in offerings:
        found.setdefault(str(item["InstanceType"]), []).append(str(item["Location"]))
    return {name: sorted(zones) for name, zones in found.items()}


def check_offerings(
    needs: t.Sequence[Need], offered: t.Mapping[str, t.Sequence[str]], zones: t.Sequence[str]
) -> list[Finding]:
    """Judge whether every need can be met in the zones of the cluster, and in how many of them."""
    findings, seen = [], set()
    for need in needs:
        if need.group or (need.purpose, need.instance_types) in seen:
            continue
        seen.add((need.purpose, need.instance_types))
        here = [zone for zone in zones if any(zone in offered.get(name, ()) for name in need.instance_types)]
        elsewhere = sorted({zone for name in need.instance_types for zone in offered.get(name, ())} - set(zones))
        types = _short(need.instance_types)
        if not here:
            instead = (
                f"Set availability_zones to zones that have them ({', '.join(elsewhere)})"
                if elsewhere
                else "Take another region with -e dynamo_region=REGION"
            )
            findings.append(
                Finding(
                    "instance_types",
                    INFO if need.optional else ERROR,
                    f"None of {', '.join(zones)} offers {types}, which {need.purpose} needs.",
                    f"{'Nothing, unless a graph is to use that pool. Else: ' * need.optional}{instead},"
                    " or choose other instance types.",
                )
            )
        elif len(here) < len(zones):
            findings.append(
                Finding(
                    "instance_types",
                    WARNING if need.at_once else INFO,
                    f"Of {', '.join(zones)} only {', '.join(here)} offers {types} ({need.purpose}).",
                    "Nothing, if one zone is enough; otherwise choose other types, or other availability_zones.",
                )
            )
    return findings or [Finding("instance_types", OK, f"Every instance type can be had in {', '.join(zones)}.")]


def _short(types: t.Sequence[str], most: int = 4) -> str:
    return ", ".join(types[:most]) + (f" and {len(types) - most} more" if len(types) > most else "")


def check_region(region: str, known: t.Sequence[str], saved: Json, environment: t.Mapping[str, str]) -> list[Finding]:
    """Judge the region: whether EKS is there, whether the state is of another one, whether the shell means another.

    Args:
        region: the region of the inventory.
        known: the regions that the AWS SDK knows EKS in.
        saved: what the last run wrote about the cluster of this state directory, if anything.
        environment: environment variables.
    """
    findings = []
    if known and region not in known:
        near = difflib.get_close_matches(region, known, n=1)
        findings.append(
            Finding(
                "region",
                ERROR,
                f"The AWS SDK knows no region {region} with EKS.",
                (f"Did you mean {near[0]}? " if near else "") + "Set dynamo_region, or upgrade boto3 if it is new.",
            )
        )
    if saved.get("region") and saved["region"] != region:
        findings.append(
            Finding(
                "region",
                ERROR,
                f"The state directory is of the cluster {saved.get('name', '')} in {saved['region']}, not in {region}.",
                f"Use -e dynamo_region={saved['region']}, or another dynamo_state_dir for a second cluster. "
                "If that one is gone, remove cluster.json from the state directory.",
            )
        )
    shell = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or region
    if shell != region and not findings:
        findings.append(
            Finding(
                "region",
                INFO,
                f"The shell's AWS_REGION is {shell}; this run works in {region}.",
                f"Set dynamo_region if {shell} is meant.",
            )
        )
    return findings


def check_account(caller: Json, wanted: str, saved: Json) -> Finding:
    """Judge the account: the one that was asked for, and the one that the state is of."""
    account, arn = str(caller["account"]), caller["arn"]
    if wanted and wanted != account:
        return Finding(
            "account",
            ERROR,
            f"The credentials ({arn}) are of account {account}, but eks_infra_account_id is {wanted}.",
            "Use the credentials of that account (AWS_PROFILE), or correct eks_infra_account_id.",
        )
    if saved.get("account") and saved["account"] != account:
        return Finding(
            "account",
            ERROR,
            f"The credentials ({arn}) are of account {account}, but the state directory is of the cluster "
            f"{saved.get('name', '')} in account {saved['account']}.",
            "Use the credentials of that account (AWS_PROFILE), or another dynamo_state_dir for a second cluster.",
        )
    return Finding("account", OK, f"Account {account} as {arn}.")


def check_service_roles(present: t.Collection[str], spot: bool, efs: bool) -> list[Finding]:
    """Judge the service-linked roles: AWS makes most at the first use, that of EC2 Spot has to be made."""
    automatic = ["AWSServiceRoleForAmazonEKS", "AWSServiceRoleForAmazonEKSNodegroup", "AWSServiceRoleForAutoScaling"]
    automatic += ["AWSServiceRoleForAmazonElasticFileSystem"] if efs else []
    findings = []
    missing = [role for role in automatic if role not in present]
    if missing:
        findings.append(
            Finding(
                "service_roles",
                INFO,
                f"AWS will make {', '.join(missing)} at the first use.",
                "Nothing, if the principal may iam:CreateServiceLinkedRole (docs/iam/, document identity).",
            )
        )
    if spot and "AWSServiceRoleForEC2Spot" not in present:
        findings.append(
            Finding(
                "service_roles",
                ERROR,
                "A pool may use spot instances, but the account lacks the role AWSServiceRoleForEC2Spot for it.",
                "Make it once: aws iam create-service-linked-role --aws-service-name spot.amazonaws.com",
            )
        )
    return findings or [Finding("service_roles", OK, "The service-linked roles are there.")]
