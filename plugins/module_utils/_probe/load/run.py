# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Run a load and sum it up."""

from __future__ import annotations

import json
import typing as t
from collections import Counter
from dataclasses import asdict
from datetime import datetime, timezone

from ..generate import CHAT
from ..session import Record
from ..transport import Client
from .engine import Engine, clock
from .plan import Plan
from .stats import Series, Timeline
from .stream import Observer, Stream

METRICS = (
    "ttft_ms", "ttft_content_ms", "ttft_reasoning_ms", "itl_ms", "tpot_ms", "ntpot_ms", "e2e_ms", "connect_ms",
    "queued_ms", "server_ttft_ms",
)  # fmt: skip
SHAPES = ("ttft_ms", "itl_ms", "e2e_ms")
# After so many failures and no success there is nothing to measure.
HOPELESS = 20
NEWS = 5.0

Json = dict[str, t.Any]


class Runner:
    """One load: collects what the engine reports. `keep`: how many records to hold; all of them go to `sink`."""

    def __init__(self, check: str, keep: int, sink: t.TextIO | None = None, say: t.Callable[[str], None] | None = None):
        self.records: list[Record] = []
        self.failed = self.completed = self.warm = self.without_usage = 0
        self.errors: Counter[str] = Counter()
        self.tokens = Counter[str]()
        self.series = {name: Series() for name in METRICS}
        self.timeline = Timeline()
        self.started = ""
        self._check, self._keep, self._sink, self._say = check, keep, sink, say
        self._engine: Engine | None = None
        self._last = self._begun = self._told = 0.0
        self._busy = 0.0
        self._good = self._bad = 0

    def run(
        self,
        client: Client,
        plan: Plan,
        bodies: t.Iterator[bytes],
        model: str,
        request_timeout: float,
        observe: Observer | None = None,
    ) -> Json:
        """Run it; the summary without gates and overhead."""
        self._engine = engine = Engine(client, plan, bodies, model, request_timeout, self._over, self._tick, observe)
        self.started = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._begun = self._told = clock()
        engine.run()
        return self._summary(plan, engine)

    def _over(self, stream: Stream) -> None:
        if stream.warm:
            self.warm += 1
            if stream.error:
                self._hopeless()
            else:
                self._good += 1
            return
        start = self._engine.measured if self._engine and self._engine.measured is not None else self._begun
        record = stream.record(self._check, CHAT, start)
        ended = clock()
        self._last = max(self._last, ended)
        self.timeline.note("started", record.started)
        self.timeline.note("failed" if stream.error else "completed", ended - start)
        if stream.error:
            self.failed += 1
            self.errors[stream.error[:200]] += 1
            self._hopeless()
        else:
            self.completed += 1
            self._good += 1
            self._count(stream, record, start)
        if len(self.records) < self._keep:
            self.records.append(record)
        if self._sink is not None:
            self._sink.write(json.dumps(asdict(record)) + "\n")

    def _count(self, stream: Stream, record: Record, start: float) -> None:
        for name in METRICS:
            value = getattr(record, name)
            if value is not None and name != "itl_ms":
                self.series[name].add(value)
        moment = stream.sent - start + (stream.times.first or 0.0)
        self.timeline.note("chunks", moment)
        for gap in stream.times.gaps:
            self.series["itl_ms"].add(gap * 1000)
            moment += gap
            self.timeline.note("chunks", moment)
        self.tokens["chunks"] += stream.times.chunks
        self._busy += (record.e2e_ms or 0.0) / 1000
        if record.completion_tokens is None:
            self.without_usage += 1
        self.tokens["prompt"] += record.prompt_tokens or 0
        self.tokens["completion"] += record.completion_tokens or 0

    def _hopeless(self) -> None:
        """Stop when nothing but failures comes."""
        self._bad += 1
        if self._engine is not None and not self._good and self._bad >= HOPELESS:
            self._engine.stop = f"given up after {self._bad} failures and no success"

    def _tick(self, engine: Engine) -> None:
        now = clock()
        if self._say is None or now - self._told < NEWS:
            return
        self._told = now
        plan = engine.plan
        if plan.requests:
            left = f"{plan.requests + plan.warmup - engine.ended} of {plan.requests + plan.warmup} requests to go"
        else:
            left = f"{max(0.0, plan.duration - (now - (engine.measured or now))):.0f} s to go"
        first = self.series["ttft_ms"].values
        last = f", last first token after {first[-1]:.0f} ms" if first else ""
        self._say(f"{engine.ended} answers, {len(engine.active)} in flight, {self.failed} failed{last}; {left}")

    def _summary(self, plan: Plan, engine: Engine) -> Json:
        sent = self.completed + self.failed
        start = engine.measured if engine.measured is not None else self._begun
        seconds = max(1e-9, self._last - start) if sent else 0.0
        prompt, completion = self.tokens["prompt"], self.tokens["completion"]

        def rate(number: float) -> float:
            return round(number / seconds, 3) if seconds else 0.0

        return {
            "settings": plan.as_settings(),
            "started": self.started,
            "seconds": round(seconds, 3),
            "requests": {"sent": sent, "completed": self.completed, "failed": self.failed, "warmup": self.warm},
            "error_rate": round(self.failed / sent, 4) if sent else 0.0,
            "errors": [{"reason": reason, "count": number} for reason, number in self.errors.most_common(20)],
            "throughput": {
                "requests_per_second": rate(self.completed),
                "output_tokens_per_second": rate(completion),
                "total_tokens_per_second": rate(prompt + completion),
                "mean_in_flight": rate(self._busy),
            },
            "tokens": {
                "prompt": prompt,
                "completion": completion,
                "chunks": self.tokens["chunks"],
                "without_usage": self.without_usage,
            },
            "times": {name: series.summary() for name, series in self.series.items()},
            "distributions": {name: self.series[name].histogram() for name in SHAPES},
            "timeline": self.timeline.rows(),
            "overhead": None,
            "slo": [],
            "baseline": [],
            "notes": [engine.stop] if engine.stop else [],
        }
