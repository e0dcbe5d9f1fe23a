# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""How true the probe's times are, how soon it starts and how much memory it takes; aiperf beside it, if it is there.

python bench/probe.py [--streams 1,16,64] [--aiperf PATH --tokenizer FOLDER]

The server streams one token after 50 ms and then one every 10 ms, and says in every event when it really sent it. So
the table has both: what was measured, and what was true, however busy the machine is. The probe gets no better server
than aiperf does; both talk to the same one.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / ".ansible" / "collections"))

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.load import calibrate, pacer, run  # noqa: E402
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.load.plan import Plan, bodies  # noqa: E402
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.load.stats import percentile  # noqa: E402
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.load.stream import Stream  # noqa: E402
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.target import url_target  # noqa: E402
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.transport import Client  # noqa: E402

TTFT, ITL, TOKENS = 0.05, 0.01, 32
Row = dict[str, tuple[float, float]]


def both(values: list[float]) -> tuple[float, float]:
    """p50 and p99."""
    ordered = sorted(values)
    return round(percentile(ordered, 50), 2), round(percentile(ordered, 99), 2)


def measure(url: str, streams: int, requests: int) -> tuple[Row, Row, float]:
    """What the probe measured, what was true, and the seconds that it took."""
    true_first: list[float] = []
    true_gaps: list[float] = []
    last: dict[Stream, float] = {}

    def observe(stream: Stream, data: str, _now: float) -> None:
        pace = float(json.loads(data)["nvext"]["pace"]) * 1000
        if not stream.warm:
            (true_gaps if stream in last else true_first).append(pace - last.get(stream, 0.0))
        last[stream] = pace

    plan = Plan(concurrency=streams, requests=requests, warmup=streams, ramp=0.4, max_tokens=TOKENS)
    began = time.perf_counter()
    runner = run.Runner("bench", 0)
    found = runner.run(Client(url_target(url)), plan, bodies(plan, pacer.MODEL, {}), pacer.MODEL, 30, observe)
    seconds = time.perf_counter() - began
    times = found["times"]
    measured = {name: (times[f"{name}_ms"]["p50"], times[f"{name}_ms"]["p99"]) for name in ("ttft", "itl")}
    return measured, {"ttft": both(true_first), "itl": both(true_gaps)}, seconds


def start() -> tuple[float, float]:
    """Seconds until the module has answered in check mode, and the largest memory (MB) of a small real load."""
    module = "ansible_collections.ai_on_eks.dynamo.plugins.modules.openai_probe"
    env = {**os.environ, "PYTHONPATH": str(ROOT / ".ansible" / "collections")}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    # Arguments as Ansible hands them over; its own helper for tests would load a third more than the module does.
    code = (
        "import sys, json, resource, runpy; from ansible.module_utils import basic\n"
        "basic._ANSIBLE_ARGS = json.dumps({'ANSIBLE_MODULE_ARGS': json.loads(sys.argv[1])}).encode()\n"
        "basic._ANSIBLE_PROFILE = 'legacy'\n"
        f"try: runpy.run_module('{module}', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, file=sys.stderr)"
    )

    def once(arguments: dict[str, object]) -> tuple[float, float]:
        began = time.perf_counter()
        command = [sys.executable, "-c", code, json.dumps(arguments)]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        return time.perf_counter() - began, float(done.stderr.split()[-1])

    seconds = min(once({"url": "http://127.0.0.1:1", "_ansible_check_mode": True})[0] for _ in range(5))
    with calibrate.paced(TTFT, ITL, TOKENS) as url:
        load = {"name": "load", "concurrency": 64, "requests": 256, "max_tokens": TOKENS}
        _took, megabytes = once({"url": url, "model": pacer.MODEL, "checks": [load]})
    return seconds, megabytes


def aiperf(binary: str, tokenizer: str, url: str, streams: int, requests: int) -> tuple[Row, float]:
    """What aiperf measures at the same server."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            *(binary, "profile", "--model", pacer.MODEL, "--url", url, "--endpoint-type", "chat", "--streaming"),
            *("--concurrency", str(streams), "--request-count", str(requests), "--warmup-request-count", str(streams)),
            *("--synthetic-input-tokens-mean", "32", "--output-tokens-mean", str(TOKENS), "--use-server-token-count"),
            *("--tokenizer", tokenizer, "--artifact-dir", folder, "--ui", "none"),
        ]
        began = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - began
        files = list(Path(folder).rglob("profile_export_aiperf.json"))
        if done.returncode or not files:
            raise OSError(f"aiperf failed: {(done.stderr or done.stdout).strip().splitlines()[-1:]}")
        report = json.loads(files[0].read_text())
    names = {"ttft": "time_to_first_token", "itl": "inter_token_latency"}
    return {ours: (report[theirs]["p50"], report[theirs]["p99"]) for ours, theirs in names.items()}, seconds


def line(title: str, row: Row, truth: Row, seconds: float | None) -> str:
    """One line of the table; the errors against the truth in brackets."""
    cells = []
    for name in ("ttft", "itl"):
        for value, true in zip(row[name], truth[name]):
            cells.append(f"{value:8.2f} ({value / true - 1:+6.1%})" if row is not truth else f"{value:8.2f}          ")
    return f"  {title:<10}" + " ".join(cells) + ("" if seconds is None else f"  {seconds:6.1f} s")


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", default="1,16,64")
    parser.add_argument("--aiperf", default="", help="path of the program aiperf")
    parser.add_argument("--tokenizer", default="", help="folder of a tokenizer for aiperf, which needs one for prompts")
    options = parser.parse_args()
    if importlib.util.find_spec("ansible"):
        seconds, megabytes = start()
        print(f"start of the module {seconds:.2f} s; at 64 streams {megabytes:.0f} MB")
    print(f"server: first token after {TTFT * 1000:g} ms, then one every {ITL * 1000:g} ms, {TOKENS} tokens")
    print(f"  {'':<10}{'ttft p50':>17} {'ttft p99':>17} {'itl p50':>17} {'itl p99':>17}")
    with calibrate.paced(TTFT, ITL, TOKENS) as url:
        for streams in map(int, options.streams.split(",")):
            requests = max(20, 4 * streams)
            measured, truth, seconds = measure(url, streams, requests)
            print(f"{streams} streams, {requests} requests")
            print(line("true", truth, truth, None))
            print(line("probe", measured, truth, seconds))
            if options.aiperf:
                try:
                    # The truth of the run before: the same server, a moment earlier.
                    row, seconds = aiperf(options.aiperf, options.tokenizer, url, streams, requests)
                    print(line("aiperf", row, truth, seconds))
                except OSError as error:
                    print(f"  {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
