# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The GPUs of EC2's instance families, as a table.

Source: docs.aws.amazon.com/ec2/latest/instancetypes/ac.html (sizes), and what nvidia-smi shows as a card's memory,
which is less than the number on its box.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Gpu:
    """One kind of card.

    Attributes:
        name: NVIDIA's name.
        memory_mib: what a process can see of its memory.
        counts: how many of them the family's sizes have, ascending.
    """

    name: str
    memory_mib: int
    counts: tuple[int, ...]

    @property
    def gib(self) -> float:
        """Memory of one card in GiB."""
        return self.memory_mib / 1024


FAMILIES: dict[str, Gpu] = {
    "g4dn": Gpu("T4", 15360, (1, 4, 8)),
    "g5": Gpu("A10G", 23028, (1, 4, 8)),
    "g6": Gpu("L4", 23034, (1, 4, 8)),
    "g6e": Gpu("L40S", 46068, (1, 4, 8)),
    "p4d": Gpu("A100", 40960, (8,)),
    "p4de": Gpu("A100", 81920, (8,)),
    "p5": Gpu("H100", 81559, (1, 8)),
    "p5e": Gpu("H200", 143771, (8,)),
    "p5en": Gpu("H200", 143771, (8,)),
    "p6-b200": Gpu("B200", 183359, (8,)),
}
