# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Which program runs, and whether it is new enough."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from .diagnostics import TerraformError

# The S3 backend's lock file came with 1.10 to both; before that two runs could not see each other.
_MINIMUM = {"Terraform": (1, 10, 0), "OpenTofu": (1, 10, 0)}
_VERSION = re.compile(r"^(Terraform|OpenTofu) v(\d+)\.(\d+)\.(\d+)", flags=re.MULTILINE)


@dataclass(frozen=True)
class Program:
    """Product (Terraform or OpenTofu) and version."""

    product: str
    version: str


def identify(binary: str, output: str) -> Program:
    """Return what `BINARY version` says it is.

    Raises:
        TerraformError: it is neither Terraform nor OpenTofu, or too old.
    """
    found = _VERSION.search(output)
    if found is None:
        said = " ".join(output.split())[:200] or "nothing"
        raise TerraformError(
            f"Failed to use {binary}: it is neither Terraform nor OpenTofu (`{binary} version` says: {said}). "
            "Name the right program with the option binary (eks_infra_binary)."
        )
    product, version = found.group(1), tuple(int(part) for part in found.groups()[1:])
    if version < _MINIMUM[product]:
        wanted = ".".join(str(part) for part in _MINIMUM[product][:2])
        raise TerraformError(
            f"Failed to use {binary}: it is {product} {_text(version)}, and {wanted} or newer is needed. "
            "Install a newer one, or name another program with the option binary (eks_infra_binary)."
        )
    return Program(product, _text(version))


def _text(version: t.Iterable[int]) -> str:
    return ".".join(str(part) for part in version)
