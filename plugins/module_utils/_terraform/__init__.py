# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Running Terraform (or OpenTofu) on a work directory of its own, and telling what it does while it does it."""

from __future__ import annotations

from .diagnostics import TerraformError
from .progress import Progress
from .stack import Options, Stack

__all__ = ["Options", "Progress", "Stack", "TerraformError"]
