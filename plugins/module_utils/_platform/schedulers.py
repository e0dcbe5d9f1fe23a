# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Whether the schedulers that a cluster has suit a release of Dynamo. Pure."""

from __future__ import annotations

import re
import typing as t

from .. import _version
from .ledger import SCHEDULERS

# The Deployment that a scheduler's chart always makes.
_DEPLOYMENTS = {
    "grove": re.compile(r"grove-operator$"),
    "kai-scheduler": re.compile(r"^kai-(scheduler|operator)"),
    "lws": re.compile(r"^lws-controller-manager$"),
}
_TITLES = {"grove": "Grove", "kai-scheduler": "the KAI scheduler", "lws": "LeaderWorkerSet"}
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?:-(alpha|beta|rc)\.?(\d+))?")
_STAGES = {"alpha": -3, "beta": -2, "rc": -1, None: 0}

Key = tuple[int, ...]


def key(text: str) -> Key | None:
    """Return what versions of these projects are ordered by; None for what is none. alpha.12-rc1 counts as alpha.12."""
    match = _VERSION.search(text)
    if match is None:
        return None
    return (int(match[1]), int(match[2]), int(match[3]), _STAGES[match[4]], int(match[5] or 0))


def find(name: str, deployments: t.Sequence[t.Mapping[str, t.Any]]) -> str | None:
    """Return the version of a scheduler that is there, "" when it does not tell; None when it is not there."""
    for entry in deployments:
        if _DEPLOYMENTS[name].search(str(entry["metadata"]["name"])):
            containers = entry["spec"]["template"]["spec"].get("containers") or []
            tags = [str(container.get("image") or "").rpartition(":")[2] for container in containers]
            return next((tag for tag in tags if key(tag)), "")
    return None


def faults(
    wanted: t.Mapping[str, str], deployments: t.Sequence[t.Mapping[str, t.Any]], release: _version.Version
) -> list[str]:
    """Say what is wrong with the schedulers that shall be used or installed; each with what to do."""
    found = []
    for name, how in wanted.items():
        version, title = find(name, deployments), _TITLES[name]
        if how == "use" and version is None:
            found.append(
                f"{title[0].upper()}{title[1:]} shall be used, and is not in the cluster. Install it first, or set "
                f"dynamo_platform_{name.replace('-', '_')} to none."
            )
        if how == "install" and version is not None:
            found.append(
                f"{title[0].upper()}{title[1:]} is in the cluster already ({version or 'of an unknown version'}). Set "
                f"dynamo_platform_{name.replace('-', '_')} to use."
            )
        if how == "use" and version:
            found += _unsuitable(name, title, version, release)
    return found


def _unsuitable(name: str, title: str, version: str, release: _version.Version) -> list[str]:
    rows = [row for row in SCHEDULERS[name] if _version.parse(row["since"]) <= release]
    if not rows:
        return []
    row, have = rows[-1], key(version)
    least, below = key(row["minimum"]), key(row["below"])
    if have is None or ((least is None or have >= least) and (below is None or have < below)):
        return []
    limit = f" and below {row['below']}" if row["below"] else ""
    return [
        f"Dynamo {release} works with {title} {row['minimum']} or newer{limit}; the cluster has {version}. "
        "Change it, or choose another release of Dynamo."
    ]
