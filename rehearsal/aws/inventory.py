# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""Everything that the account holds, by kind: the proof that an account is empty."""

from __future__ import annotations


def inventory() -> dict[str, list[str]]:
    return {}
