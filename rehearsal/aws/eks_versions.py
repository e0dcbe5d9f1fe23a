# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""The Kubernetes versions that EKS serves, with their support dates.

Source: EKS User Guide, "Understand the Kubernetes version lifecycle on EKS" (1.36's dates follow its 14 + 12 months).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from rehearsal.aws.account import now
from rehearsal.aws.operations import Context, Result, operation
from rehearsal.kube.versions import PATCHES, number

#: Minor version -> (release on EKS, end of standard support, end of extended support, platform version).
VERSIONS: dict[str, tuple[date, date, date, str]] = {
    "1.32": (date(2025, 1, 23), date(2026, 3, 23), date(2027, 3, 23), "eks.30"),
    "1.33": (date(2025, 5, 29), date(2026, 7, 29), date(2027, 7, 29), "eks.24"),
    "1.34": (date(2025, 10, 2), date(2026, 12, 2), date(2027, 12, 2), "eks.18"),
    "1.35": (date(2026, 1, 27), date(2027, 3, 27), date(2028, 3, 27), "eks.10"),
    "1.36": (date(2026, 6, 2), date(2027, 8, 2), date(2028, 8, 2), "eks.3"),
}
DEFAULT_VERSION = "1.35"


def support_status(version: str, today: date) -> str:
    """``STANDARD_SUPPORT``, ``EXTENDED_SUPPORT`` or ``UNSUPPORTED`` on a day."""
    _, standard, extended, _ = VERSIONS[version]
    if today <= standard:
        return "STANDARD_SUPPORT"
    return "EXTENDED_SUPPORT" if today <= extended else "UNSUPPORTED"


def platform_version(version: str) -> str:
    """Newest EKS platform version of a minor version."""
    return VERSIONS[version][3]


def release_version(version: str) -> str:
    """Newest AMI release of a minor version."""
    return f"{PATCHES[version]}-20260714"


def is_next_minor(current: str, wanted: str) -> bool:
    """Whether an upgrade goes up by exactly one minor version."""
    return number(wanted) == number(current) + 1


@operation("eks", "DescribeClusterVersions")
def describe_cluster_versions(context: Context) -> Result:
    """List versions, newest first; filters: clusterVersions, defaultOnly, includeAll, status, versionStatus."""
    params, today, found = context.params, now().date(), []
    for version in sorted(VERSIONS, key=number, reverse=True):
        status = support_status(version, today)
        wanted = params.get("versionStatus") or str(params.get("status") or "").upper()
        if params.get("clusterVersions") and version not in params["clusterVersions"]:
            continue
        if (params.get("defaultOnly") and version != DEFAULT_VERSION) or (wanted and status != wanted):
            continue
        if status == "UNSUPPORTED" and not params.get("includeAll"):
            continue
        found.append(_shown(version, status))
    return {"clusterVersions": found}


def _shown(version: str, status: str) -> dict[str, Any]:
    release, standard, extended, platform = VERSIONS[version]
    return {
        "clusterVersion": version,
        "clusterType": "eks",
        "defaultPlatformVersion": platform,
        "defaultVersion": version == DEFAULT_VERSION,
        "releaseDate": _midnight(release),
        "endOfStandardSupportDate": _midnight(standard),
        "endOfExtendedSupportDate": _midnight(extended),
        "status": status,
        "versionStatus": status,
        "kubernetesPatchVersion": PATCHES[version],
    }


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), tzinfo=UTC)
