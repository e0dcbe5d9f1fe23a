# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What the probe itself adds to what it measures: a load against a server of known truth on this machine.

The server (pacer.py) runs in a process of its own and says in every event when it really sent it. The difference to
what was measured is the probe's part, with the operating system's; how punctual the server is does not matter.
"""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from contextlib import contextmanager

from ..target import url_target
from ..transport import Client
from . import pacer
from .plan import Plan, bodies
from .run import Runner
from .stats import percentile
from .stream import Stream

TTFT, ITL, TOKENS = 0.03, 0.01, 16
TIMEOUT = 10.0


def source() -> str:
    """Text of pacer.py, also when this package is in a zip file, as a module's is on its way to a target."""
    loader = getattr(pacer, "__loader__", None)
    text = loader.get_source(pacer.__name__) if loader is not None and hasattr(loader, "get_source") else None
    if not text:
        raise OSError("the source of the calibration server cannot be read")
    # Ansible's loader of collections, unlike others, gives bytes.
    return text.decode() if isinstance(text, bytes) else str(text)


@contextmanager
def paced(ttft: float = TTFT, itl: float = ITL, tokens: int = TOKENS) -> t.Iterator[str]:
    """Run the server of known truth; its address. Raises OSError when it does not start."""
    # -I: neither the environment nor the current folder can change what runs.
    command = [sys.executable, "-I", "-c", source(), str(ttft), str(itl), str(tokens)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            line = process.stdout.readline() if process.stdout else b""
            if not line.strip().isdigit():
                raise OSError("the calibration server did not start")
            yield f"http://127.0.0.1:{int(line)}"
        finally:
            process.kill()


def calibrate(streams: int) -> dict[str, t.Any]:
    """Measure the probe's own part at so many streams, in milliseconds. Raises OSError."""
    first: list[float] = []
    gaps: list[float] = []
    last: dict[Stream, tuple[float, float]] = {}

    def observe(stream: Stream, data: str, now: float) -> None:
        pace = float(json.loads(data)["nvext"]["pace"])
        measured = now - stream.sent
        before = last.get(stream)
        if not stream.warm:
            if before is None:
                first.append(measured - pace)
            else:
                gaps.append((measured - before[0]) - (pace - before[1]))
        last[stream] = (measured, pace)

    with paced() as url:
        plan = Plan(concurrency=streams, requests=max(8, 2 * streams), warmup=streams, ramp=0.1, max_tokens=TOKENS)
        runner = Runner("calibration", 0)
        result = runner.run(Client(url_target(url)), plan, bodies(plan, pacer.MODEL, {}), pacer.MODEL, TIMEOUT, observe)
    if not first or result["requests"]["failed"]:
        raise OSError(f"the calibration failed: {result['errors'][:1] or 'no answer'}")
    return {"streams": streams, "ttft_ms": both(first), "itl_ms": both([abs(gap) for gap in gaps])}


def both(seconds: list[float]) -> dict[str, float]:
    """p50 and p99 in milliseconds."""
    ordered = sorted(seconds)
    return {f"p{percent}": round(percentile(ordered, percent) * 1000, 3) for percent in (50, 99)}
