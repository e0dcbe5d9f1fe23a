# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""When the text of one streamed answer came, and what follows from that. Pure. docs/probe.md has the definitions."""

from __future__ import annotations

from dataclasses import dataclass, field

from .session import Record

# More tokens than this at less than this pace, long after the request, did not come from a model one by one.
BURST_CHUNKS, BURST_GAP, BURST_START = 10, 0.0005, 0.05


@dataclass
class Times:
    """Moments in seconds since the request was sent. `gaps`: between one text chunk and the next."""

    first: float | None = None
    last: float = 0.0
    first_content: float | None = None
    first_reasoning: float | None = None
    gaps: list[float] = field(default_factory=list)
    chunks: int = 0

    def note(self, kind: str, now: float) -> None:
        """A chunk with text of this kind came ("" = it had none)."""
        if not kind:
            return
        self.chunks += 1
        if self.first is None:
            self.first = now
        else:
            self.gaps.append(now - self.last)
        self.last = now
        if kind == "content" and self.first_content is None:
            self.first_content = now
        elif kind == "reasoning" and self.first_reasoning is None:
            self.first_reasoning = now

    def into(self, record: Record, tokens: int | None) -> None:
        """Fill in a record whose `e2e_ms` is known."""
        record.chunks = self.chunks
        if self.first is None:
            return
        record.ttft_ms = milliseconds(self.first)
        record.ttft_content_ms = None if self.first_content is None else milliseconds(self.first_content)
        record.ttft_reasoning_ms = None if self.first_reasoning is None else milliseconds(self.first_reasoning)
        if self.gaps:
            record.itl_ms = milliseconds((self.last - self.first) / len(self.gaps))
        if tokens:
            record.ntpot_ms = None if record.e2e_ms is None else round(record.e2e_ms / tokens, 2)
            if tokens > 1:
                record.tpot_ms = milliseconds((self.last - self.first) / (tokens - 1))

    def at_once(self) -> bool:
        """Tell whether all text came in one burst: something on the way holds the stream back until it is whole."""
        if self.first is None or self.chunks < BURST_CHUNKS or self.first < BURST_START:
            return False
        return (self.last - self.first) / (self.chunks - 1) < BURST_GAP


def milliseconds(seconds: float) -> float:
    """Seconds as milliseconds, to a hundredth."""
    return round(seconds * 1000, 2)
