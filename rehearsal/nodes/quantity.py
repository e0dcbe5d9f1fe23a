# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Kubernetes quantities ("500m", "4Gi")."""

from __future__ import annotations

import math
import re
from decimal import Decimal

_SUFFIXES = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    "k": Decimal(10) ** 3,
    "M": Decimal(10) ** 6,
    "G": Decimal(10) ** 9,
    "T": Decimal(10) ** 12,
    "P": Decimal(10) ** 15,
    "Ki": Decimal(2) ** 10,
    "Mi": Decimal(2) ** 20,
    "Gi": Decimal(2) ** 30,
    "Ti": Decimal(2) ** 40,
    "Pi": Decimal(2) ** 50,
}
_SHAPE = re.compile(r"^([+-]?\d+(?:\.\d+)?)(?:[eE]([+-]?\d+)|([A-Za-z]{0,2}))$")


def parse(text: str) -> Decimal:
    """Return the value of a quantity.

    Raises:
        ValueError: when it is none.
    """
    match = _SHAPE.match(str(text).strip())
    suffix = match.group(3) or "" if match else ""
    if not match or suffix not in _SUFFIXES:
        raise ValueError(f"{text!r} is not a quantity")
    value = Decimal(match.group(1)) * _SUFFIXES[suffix]
    return value.scaleb(int(match.group(2))) if match.group(2) else value


def divided(text: str, divisor: str) -> int:
    """Return text / divisor, rounded up, as the downward API does; a divisor of "0" or "" means 1."""
    unit = parse(divisor or "1")
    return math.ceil(parse(text) / (unit or Decimal(1)))
