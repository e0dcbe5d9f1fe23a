# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The result of a Job, read from its log, in the form that a load of the probe itself has. Pure."""

from __future__ import annotations

import base64
import hashlib
import json
import typing as t
import zlib
from collections import Counter
from datetime import datetime, timezone

from ..generate import CHAT
from ..load.run import METRICS, SHAPES
from ..load.stats import Series, Timeline
from ..session import Record
from .wrapper import MARK

Json = dict[str, t.Any]
# What a small compressed text may unfold to.
LARGEST = 200_000_000


def news(log: str) -> str:
    """What the wrapper said last; "" when it said nothing."""
    said = [line.split(" ", 2)[2] for line in log.splitlines() if line.startswith(f"{MARK} say ")]
    return said[-1] if said else ""


def read(log: str) -> Json:
    """What the wrapper sent. Raises ValueError when it is not there, or torn."""
    count, digest, parts = -1, "", list[str]()
    for line in log.splitlines():
        words = line.split(" ")
        if words[0] != MARK or len(words) < 2:
            continue
        if words[1] == "result" and len(words) == 4 and words[2].isdigit():
            count, digest, parts = int(words[2]), words[3], []
        elif words[1] == "part" and len(words) == 4:
            parts.append(words[3])
    if count < 0:
        raise ValueError("its log holds no result")
    data = "".join(parts)
    if len(parts) != count or hashlib.sha256(data.encode()).hexdigest() != digest:
        raise ValueError(f"the result in its log is torn: {len(parts)} of {count} parts")
    unfold = zlib.decompressobj()
    text = unfold.decompress(base64.b64decode(data), LARGEST)
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("the result in its log is no object")
    return found


def summary(sent: Json, settings: Json, check: str, keep: int) -> tuple[Json, list[Record]]:
    """Details of a load and its first records. Raises KeyError, TypeError for what is no result of the wrapper."""
    rows = sorted(sent["records"], key=lambda row: row["started"])
    start = rows[0]["started"] if rows else 0.0
    seconds = max((row["ended"] for row in rows), default=start) - start
    series = {name: Series() for name in METRICS}
    timeline, errors, tokens = Timeline(), Counter[str](), Counter[str]()
    records, busy, without = list[Record](), 0.0, 0
    for row in rows:
        record = as_record(row, start, check)
        timeline.note("started", record.started)
        timeline.note("failed" if record.error else "completed", row["ended"] - start)
        if len(records) < keep:
            records.append(record)
        if record.error:
            errors[record.error] += 1
            continue
        busy += row["ended"] - row["started"]
        for name in METRICS:
            value = getattr(record, name)
            if value is not None and name != "itl_ms":
                series[name].add(value)
        moment = record.started + (record.ttft_ms or 0.0) / 1000
        timeline.note("chunks", moment)
        for gap in row["gaps"] or []:
            series["itl_ms"].add(gap)
            moment += gap / 1000
            timeline.note("chunks", moment)
        without += record.completion_tokens is None
        tokens["prompt"] += record.prompt_tokens or 0
        tokens["completion"] += record.completion_tokens or 0
        tokens["chunks"] += record.chunks or 0
    # A sample stands for all: what is counted grows by what was left out.
    scale = sent["total"] / len(rows) if rows else 1.0
    failed = round(sum(errors.values()) * scale)

    def rate(value: float) -> float:
        return round(value * scale / seconds, 3) if seconds > 0 else 0.0

    completed = len(rows) - sum(errors.values())
    notes = [f"{len(rows)} of {sent['total']} requests stand for all"] if scale > 1 else []
    if any(row["gaps"] is None for row in rows):
        notes.append("times between tokens, and the timeline of tokens, are those of a part of the requests")
    return {
        "settings": settings,
        "started": datetime.fromtimestamp(start, timezone.utc)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z"),
        "seconds": round(seconds, 3),
        "requests": {
            "sent": sent["total"],
            "completed": sent["total"] - failed,
            "failed": failed,
            "warmup": sent["warmup"],
        },
        "error_rate": round(sum(errors.values()) / len(rows), 4) if rows else 0.0,
        "errors": [{"reason": reason, "count": number} for reason, number in errors.most_common(20)],
        "throughput": {
            "requests_per_second": rate(completed),
            "output_tokens_per_second": rate(tokens["completion"]),
            "total_tokens_per_second": rate(tokens["prompt"] + tokens["completion"]),
            "mean_in_flight": rate(busy),
        },
        "tokens": {
            **{name: round(tokens[name] * scale) for name in ("prompt", "completion", "chunks")},
            "without_usage": without,
        },
        "times": {name: entry.summary() for name, entry in series.items()},
        "distributions": {name: series[name].histogram() for name in SHAPES},
        "timeline": timeline.rows(),
        "overhead": None,
        "slo": [],
        "baseline": [],
        "notes": notes,
    }, records


def as_record(row: Json, start: float, check: str) -> Record:
    """One request as the report has it."""
    count = row["completion"]
    more = count is not None and count > 1 and row["ttft"] is not None
    gaps = row["chunks"] - 1
    return Record(
        check=check,
        path=CHAT,
        status=0 if row["error"] else 200,
        stream=True,
        connect_ms=row["connect"],
        ttft_ms=row["ttft"],
        ttft_content_ms=row["ttft_content"],
        itl_ms=round(row["decode"] / gaps, 3) if gaps > 0 else None,
        tpot_ms=round(row["decode"] / (count - 1), 3) if more else None,
        ntpot_ms=round(row["e2e"] / count, 3) if count and row["e2e"] is not None else None,
        e2e_ms=row["e2e"],
        chunks=row["chunks"],
        prompt_tokens=row["prompt"],
        completion_tokens=count,
        started=round(row["started"] - start, 3),
        error=row["error"],
    )
