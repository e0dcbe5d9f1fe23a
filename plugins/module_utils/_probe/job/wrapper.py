# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What runs in the Job's pod. Stands alone: it travels as the text of a command and needs nothing but Python 3.10.

It installs aiperf if the image has none, waits until the endpoint lists the model, runs aiperf, and prints what every
request took as lines that begin with MARK: one with the number of lines and a checksum, then the data, compressed.
Nothing is fetched from a model hub: prompts are written here, and tokens are counted by the server.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import typing as t
import urllib.error
import urllib.request
import zlib
from pathlib import Path

Json = dict[str, t.Any]
MARK = "@@ai-on-eks.dynamo"
LINE = 8000
RECORDS, GAPS = 20_000, 200_000
PROMPTS = 2000
TEXT = "time year people way day man thing woman life child world school state family student group country"
WORDS = TEXT.split()
# aiperf wants a tokenizer even where the server counts: this one knows no word and needs no network.
TOKENIZER = {
    "version": "1.0",
    "added_tokens": [],
    "pre_tokenizer": {"type": "Whitespace"},
    "model": {"type": "WordLevel", "vocab": {"<unk>": 0}, "unk_token": "<unk>"},
}


def say(text: str) -> None:
    """A line for people who follow the log."""
    print(f"{MARK} say {text}", flush=True)


def find(version: str, folder: Path) -> str:
    """Path of aiperf; installs it where there is none. Raises OSError."""
    beside = Path(sys.executable).parent / "aiperf"
    there = shutil.which("aiperf") or (str(beside) if beside.exists() else "")
    if there:
        return there
    say(f"installing aiperf {version}")
    place = folder / "aiperf"
    pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-cache-dir", f"aiperf=={version}"]
    for command in ([sys.executable, "-m", "venv", str(place)], pip):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise OSError(f"aiperf {version} cannot be installed: {' '.join(last)}. Use an image that has it.")
    return str(place / "bin" / "aiperf")


def wait(url: str, model: str, seconds: float) -> None:
    """Wait until the endpoint lists the model. Raises OSError."""
    until, last = time.monotonic() + seconds, ""
    while True:
        try:
            with urllib.request.urlopen(f"{url}/v1/models", timeout=10) as answer:  # noqa: S310  # the caller's URL
                found = [entry["id"] for entry in json.load(answer)["data"]]
            if model in found:
                return
            last = f"it lists {', '.join(found) or 'nothing'}"
        except (OSError, ValueError, KeyError, TypeError) as error:
            last = str(error)
        if time.monotonic() > until:
            raise OSError(f"{url} did not list {model} within {seconds:g} s: {last}")
        time.sleep(1)


def write_inputs(config: Json, folder: Path) -> None:
    """Prompts and the tokenizer."""
    source = random.Random(config["seed"])  # noqa: S311  # a load, not a secret
    lines = []
    for number in range(1, PROMPTS + 1):
        # The number in front keeps caches of prefixes out of a measurement that is not about them.
        text = f"{number} " + " ".join(source.choices(WORDS, k=max(1, config["prompt_words"])))
        lines.append(json.dumps({"text": text}))
    (folder / "prompts.jsonl").write_text("\n".join(lines) + "\n")
    tokenizer = folder / "tokenizer"
    tokenizer.mkdir(exist_ok=True)
    (tokenizer / "tokenizer.json").write_text(json.dumps(TOKENIZER))
    (tokenizer / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast"}))


def command(program: str, config: Json, folder: Path) -> list[str]:
    """The call of aiperf."""
    found = [
        *(program, "profile", "--model", config["model"], "--url", config["url"], "--endpoint-type", "chat"),
        *("--streaming", "--use-server-token-count", "--tokenizer", str(folder / "tokenizer")),
        *("--input-file", str(folder / "prompts.jsonl"), "--custom-dataset-type", "single_turn"),
        *("--extra-inputs", f"max_tokens:{config['max_tokens']}", "--random-seed", str(config["seed"])),
        *("--concurrency", str(config["concurrency"]), "--warmup-request-count", str(config["warmup"])),
        *("--request-timeout-seconds", f"{config['request_timeout']:g}"),
        # Relative, because the path of a socket must be short.
        *("--artifact-dir", str(folder / "out"), "--ui", "none", "--zmq-ipc-path", "ipc"),
    ]
    if config["rate"]:
        found += ["--request-rate", f"{config['rate']:g}", "--request-rate-mode", "poisson"]
    if config["duration"]:
        return [*found, "--benchmark-duration", f"{config['duration']:g}"]
    return [*found, "--request-count", str(config["requests"])]


def number(metrics: Json, name: str) -> t.Any:
    """A metric of one request, None when there is none."""
    return (metrics.get(name) or {}).get("value")


def record(row: Json) -> Json:
    """One request in short: started, ended (both in seconds since the epoch) and what it took, in milliseconds."""
    metrics, about = row.get("metrics") or {}, row["metadata"]
    error = row.get("error")
    gaps = number(metrics, "inter_chunk_latency") or []
    reused = number(metrics, "http_req_connection_reused")
    return {
        "started": about["request_start_ns"] / 1e9,
        "ended": about["request_end_ns"] / 1e9,
        "ttft": number(metrics, "time_to_first_token"),
        "ttft_content": number(metrics, "time_to_first_output_token"),
        "e2e": number(metrics, "request_latency"),
        "connect": None if reused else number(metrics, "http_req_connecting"),
        "prompt": number(metrics, "usage_prompt_tokens"),
        "completion": number(metrics, "usage_completion_tokens"),
        "decode": sum(gaps),
        "chunks": len(gaps) + 1 if number(metrics, "time_to_first_token") is not None else 0,
        "gaps": [round(gap, 2) for gap in gaps],
        "error": "" if not error else str(error.get("message") or error.get("type") or error)[:200],
    }


def read(folder: Path) -> tuple[list[Json], int]:
    """Records of the measured requests and the number of warm-ups. Raises OSError, ValueError."""
    found: list[Json] = []
    warm = 0
    with (folder / "out" / "profile_export.jsonl").open() as lines:
        for line in lines:
            row = json.loads(line)
            if row["metadata"].get("benchmark_phase") == "warmup":
                warm += 1
            else:
                found.append(record(row))
    return found, warm


def thin(records: list[Json]) -> list[Json]:
    """At most RECORDS records, with at most GAPS gaps, evenly chosen; how many there were."""
    step = max(1, -(-len(records) // RECORDS))
    kept = records[::step]
    share = max(1, -(-sum(len(entry["gaps"]) for entry in kept) // GAPS))
    for place, entry in enumerate(kept):
        if place % share:
            entry["gaps"] = None
    return kept


def send(result: Json) -> None:
    """Print a result so that it can be told from everything else in a log, and a torn one from a whole one."""
    data = base64.b64encode(zlib.compress(json.dumps(result).encode(), 9)).decode()
    lines = [data[place : place + LINE] for place in range(0, len(data), LINE)]
    print(f"{MARK} result {len(lines)} {hashlib.sha256(data.encode()).hexdigest()}", flush=True)
    for place, line in enumerate(lines):
        print(f"{MARK} part {place} {line}")
    print(f"{MARK} end", flush=True)


def ending(folder: Path) -> str:
    """The end of what aiperf said, without the frames that it draws."""
    lines = (folder / "aiperf.log").read_text(errors="replace").splitlines()[-25:]
    said = " ".join(" ".join(line.strip("╭╮╰╯│─• ").split()) for line in lines)
    reason = said.partition("Reason: ")[2] or said
    return reason.strip()[:400]


def run(config: Json, folder: Path) -> Json:
    """Everything. Raises OSError and ValueError with what went wrong."""
    program = find(config["version"], folder)
    write_inputs(config, folder)
    say(f"waiting until {config['url']} lists {config['model']}")
    wait(config["url"], config["model"], config["wait"])
    words = command(program, config, folder)
    say(f"running aiperf with {config['concurrency']} streams")
    # Where it sees a cluster, aiperf takes itself for one of many.
    env = {key: value for key, value in os.environ.items() if not key.startswith("KUBERNETES_")}
    with (folder / "aiperf.log").open("w") as log:
        code = subprocess.run(
            words, stdout=log, stderr=subprocess.STDOUT, cwd=str(folder), env=env, check=False
        ).returncode
    try:
        records, warm = read(folder)
    except (OSError, ValueError, KeyError) as error:
        print((folder / "aiperf.log").read_text(errors="replace")[-8000:], flush=True)
        raise OSError(f"aiperf ended with {code} and left no records: {ending(folder) or error}") from error
    return {"code": code, "warmup": warm, "total": len(records), "records": thin(records)}


def main() -> int:
    """Entry point; the result, or the reason why there is none, is printed."""
    config = json.loads(os.environ["LOAD_JOB"])
    with tempfile.TemporaryDirectory(dir=os.environ.get("LOAD_JOB_FOLDER")) as folder:
        # aiperf keeps caches in the home directory; the image's may not be writable.
        os.environ["HOME"] = folder
        try:
            send(run(config, Path(folder)))
        except (OSError, ValueError, KeyError, subprocess.SubprocessError, urllib.error.URLError) as error:
            send({"error": str(error)})
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
