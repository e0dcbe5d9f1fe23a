# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Reading Terraform variable files: the values only, no expressions, every error with file and line."""

from __future__ import annotations

from .reader import TfvarsError, hcl2_missing, merge_files, read_file, read_text

__all__ = ["TfvarsError", "hcl2_missing", "merge_files", "read_file", "read_text"]
