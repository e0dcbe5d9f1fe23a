# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Kubernetes versions of EKS: in standard support, in extended support (which costs more), or gone."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from .._prices import HOURS_PER_MONTH
from .findings import ERROR, INFO, OK, WARNING, Finding

STANDARD, EXTENDED, GONE, UNKNOWN = "standard", "extended", "gone", "unknown"
AS_OF = "2026-11"
# How long before the end of standard support it is worth saying so.
SOON = datetime.timedelta(days=90)
NAME = "kubernetes_version"


@dataclasses.dataclass(frozen=True)
class Version:
    """A minor version, with the last days of its standard and of its extended support."""

    version: str
    standard_until: datetime.date
    extended_until: datetime.date

    def status(self, today: datetime.date) -> str:
        """Return standard, extended or gone."""
        if today <= self.standard_until:
            return STANDARD
        return EXTENDED if today <= self.extended_until else GONE


def _of(version: str, standard: tuple[int, int, int], extended: tuple[int, int, int]) -> Version:
    return Version(version, datetime.date(*standard), datetime.date(*extended))


# Source: EKS User Guide, "Understand the Kubernetes version lifecycle on EKS".
TABLE = (
    _of("1.30", (2025, 7, 23), (2026, 7, 23)),
    _of("1.31", (2025, 11, 26), (2026, 11, 26)),
    _of("1.32", (2026, 3, 23), (2027, 3, 23)),
    _of("1.33", (2026, 7, 29), (2027, 7, 29)),
    _of("1.34", (2026, 12, 2), (2027, 12, 2)),
    _of("1.35", (2027, 3, 27), (2028, 3, 27)),
    _of("1.36", (2027, 8, 2), (2028, 8, 2)),
)


def from_eks(described: t.Iterable[t.Mapping[str, t.Any]]) -> list[Version]:
    """Return the versions that EKS describes, without those that it gives no dates for."""
    found = []
    for item in described:
        standard, extended = item.get("endOfStandardSupportDate"), item.get("endOfExtendedSupportDate")
        if isinstance(standard, datetime.datetime) and isinstance(extended, datetime.datetime):
            found.append(Version(str(item["clusterVersion"]), standard.date(), extended.date()))
    return found


def status_of(version: str, served: t.Iterable[Version], today: datetime.date) -> str:
    """Return standard, extended, gone, or unknown for a version that is not in the list."""
    return next((item.status(today) for item in served if item.version == version), UNKNOWN)


def check(
    version: str,
    served: t.Sequence[Version],
    today: datetime.date,
    extra_hourly: float,
    support_type: str = "EXTENDED",
    certain: bool = True,
) -> Finding:
    """Judge a version.

    Args:
        version: for example "1.33".
        served: what EKS serves, or TABLE.
        today: day to judge by.
        extra_hourly: what extended support costs more, in USD an hour.
        support_type: EXTENDED, or STANDARD for a cluster that EKS shall upgrade instead.
        certain: whether EKS itself said so.
    """
    source = "" if certain else f" (by a table of {AS_OF}: EKS was not asked)"
    current = [item.version for item in served if item.status(today) == STANDARD]
    listed = ", ".join(sorted(current, key=_minor)) or "none known"
    choose = f"Set eks_cluster_version to one in standard support ({listed})"
    found = next((item for item in served if item.version == version), None)
    if found is None:
        if not certain and _minor(version) > max(_minor(item.version) for item in served):
            return Finding(
                NAME,
                WARNING,
                f"Kubernetes {version} is newer than what is known here{source}.",
                "Allow eks:DescribeClusterVersions to be certain.",
            )
        return Finding(NAME, ERROR, f"EKS does not serve Kubernetes {version}{source}.", f"{choose}.")
    status = found.status(today)
    if status == GONE:
        return Finding(
            NAME, ERROR, f"EKS has not served Kubernetes {version} since {found.extended_until}{source}.", f"{choose}."
        )
    if status == EXTENDED:
        month = extra_hourly * HOURS_PER_MONTH
        upgrade = "; with eks_support_type STANDARD, EKS upgrades it by itself" if support_type == "STANDARD" else ""
        return Finding(
            NAME,
            WARNING,
            f"Kubernetes {version} left standard support on {found.standard_until}: {extra_hourly:.2f} USD an hour "
            f"more ({month:.0f} a month), until {found.extended_until}{upgrade}{source}.",
            f"{choose}, for example with -e profile=current.",
        )
    if found.standard_until - today <= SOON:
        return Finding(
            NAME,
            INFO,
            f"Kubernetes {version} leaves standard support on {found.standard_until}; from then on it costs "
            f"{extra_hourly:.2f} USD an hour more{source}.",
            "Plan an upgrade (docs/upgrade.md).",
        )
    return Finding(NAME, OK, f"Kubernetes {version} is in standard support until {found.standard_until}{source}.")


def _minor(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
