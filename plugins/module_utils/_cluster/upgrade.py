# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The way from one Kubernetes minor version to another.

EKS moves a control plane up by one minor at a time, and never down.
Source: docs.aws.amazon.com/eks/latest/userguide/update-cluster.html
"""

from __future__ import annotations

import re

_MINOR = re.compile(r"v?([0-9]+)\.([0-9]+)\Z")


class UpgradeError(ValueError):
    """There is no way; the message says why and what to do."""


def steps(current: str, wanted: str) -> list[str]:
    """Return the versions to move to, one after the other; an empty list when nothing is to be done.

    Args:
        current: what the cluster runs, for example "1.33".
        wanted: what it shall run, for example "1.35".

    Raises:
        UpgradeError: one of the two is no version, or the wanted one is older.
    """
    major, now = _parse(current)
    wanted_major, then = _parse(wanted)
    if (wanted_major, then) < (major, now):
        raise UpgradeError(
            f"the cluster runs Kubernetes {current}, and EKS cannot take it back to {wanted}. "
            f"Set eks_cluster_version to {current} or newer, or make a new cluster."
        )
    if major != wanted_major:
        raise UpgradeError(f"there is no known way from Kubernetes {current} to {wanted}.")
    return [f"{major}.{minor}" for minor in range(now + 1, then + 1)]


def _parse(version: str) -> tuple[int, int]:
    found = _MINOR.match(version)
    if not found:
        raise UpgradeError(f'{version!r} is no Kubernetes minor version; write it like "1.35".')
    return int(found.group(1)), int(found.group(2))
