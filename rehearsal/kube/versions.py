# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Kubernetes versions: what EKS serves, how it words them, and how our binaries behave as an older one. Pure.

Source of the patch versions: EKS User Guide, "Kubernetes versions"; of the emulation: kube-apiserver --help.
"""

from __future__ import annotations

import hashlib
import re

#: Minor version -> newest patch version on EKS.
PATCHES = {
    "1.32": "1.32.9",
    "1.33": "1.33.7",
    "1.34": "1.34.4",
    "1.35": "1.35.4",
    "1.36": "1.36.2",
}
#: What rehearsal/tools builds.
BINARY = "1.35"
_EMULATED_MINORS = 3


def number(minor: str) -> int:
    """Return 33 for 1.33."""
    return int(minor.split(".")[1])


def eks_version(minor: str) -> str:
    """Return the version that an EKS server or kubelet of a minor shows: EKS adds the commit that it was built from."""
    patch = PATCHES[minor]
    return f"v{patch}-eks-{hashlib.sha256(patch.encode()).hexdigest()[:7]}"


def of_image(name: str) -> str:
    """Return the minor version in an EKS node image's name, "" when there is none.

    >>> of_image("amazon-eks-node-al2023-x86_64-nvidia-1.33-v20260714")
    '1.33'
    """
    found = re.search(r"-(1\.\d+)-", name)
    return found[1] if found and found[1] in PATCHES else ""


def emulated(minor: str) -> str:
    """Return the minor that our binaries must be told to behave as; "" for their own, and for newer ones."""
    behind = number(BINARY) - number(minor)
    return minor if 0 < behind <= _EMULATED_MINORS else ""
