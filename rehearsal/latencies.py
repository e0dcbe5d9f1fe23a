# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""How long AWS takes, as files that the embedded AWS reads: a profile of real times, made shorter by a factor."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

#: Seconds that EC2, EKS, EFS and FSx need, as published timings and issue logs have them (us-west-2, small clusters).
#: What stands here is a state of the resource (CREATING, pending, UPDATING), not a slow answer.
REALISTIC: Mapping[str, float] = {
    "ec2:CreateNatGateway": 110,
    "ec2:DeleteNatGateway": 50,
    "ec2:CreateVpcEndpoint": 75,
    "ec2:DeleteVpcEndpoints": 60,
    "eks:CreateCluster": 540,
    "eks:DeleteCluster": 240,
    "eks:UpdateClusterVersion": 600,
    "eks:UpdateClusterConfig": 120,
    "eks:CreateNodegroup": 115,
    "eks:DeleteNodegroup": 180,
    "eks:UpdateNodegroupConfig": 20,
    "eks:UpdateNodegroupVersion": 480,
    "eks:CreateAddon": 35,
    "eks:UpdateAddon": 45,
    "eks:DeleteAddon": 20,
    "elasticfilesystem:CreateMountTarget": 90,
    "fsx:CreateFileSystem": 420,
    "fsx:DeleteFileSystem": 180,
}
PROFILES = {"realistic": REALISTIC}


def scaled(seconds: Mapping[str, float], factor: float) -> dict[str, float]:
    """Return latencies that are shorter by a factor.

    Raises:
        ValueError: when the factor is not above zero.
    """
    if factor <= 0:
        raise ValueError(f"Failed to scale the latencies: the factor must be above 0, not {factor:g}. 30 means 1:30.")
    return {operation: round(value / factor, 3) for operation, value in seconds.items()}


def choose(name: str, factor: float) -> dict[str, float]:
    """Return the latencies of a profile, or of a JSON file such as {"eks:CreateCluster": 540}.

    Raises:
        ValueError: when there is no such profile or file, or the file holds something else.
    """
    if name in PROFILES:
        return scaled(PROFILES[name], factor)
    path = Path(name).expanduser()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return scaled({str(key): float(value) for key, value in content.items()}, factor)
    except (OSError, AttributeError, TypeError, json.JSONDecodeError) as error:
        profiles = ", ".join(sorted(PROFILES))
        raise ValueError(
            f"Failed to read the latencies {name}: {error}. Name a profile ({profiles}) or a JSON file of seconds by "
            "operation."
        ) from error
