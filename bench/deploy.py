# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""How long deploy.yml takes for all nine examples at once, against the slowest of them alone, in one rehearsal.

    python bench/deploy.py                                # engines that load for 180 s
    python bench/deploy.py --load 60 --slowest kv-routing

An engine of the rehearsal is ready after seconds; a real one pulls its image and loads its model for minutes, during
which it needs nothing of the machine that waits. So every engine and frontend is made to take `--load` seconds longer.
Each run ends when every graph has answered. Exit status 1 when all take more than 1.5 times as long as the slowest.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "roles/dynamo_example/files/examples"
LIMIT = 1.5


def pods(file: Path) -> int:
    """How many pods an example has."""
    return sum(int(part.get("replicas", 1)) for part in yaml.safe_load(file.read_text())["components"])


def largest() -> str:
    """The example with the most pods: the last one ready on any machine."""
    return max(sorted(EXAMPLES.glob("*.yml")), key=pods).stem


def rehearsal(folder: Path, *words: str) -> str:
    """Run a command of the rehearsal."""
    command = [sys.executable, "-m", "rehearsal", words[0], "--dir", str(folder), *words[1:]]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def environment(exports: str) -> dict[str, str]:
    """Add what `rehearsal env` prints to this process's environment."""
    script = f"{exports}\n{shlex.quote(sys.executable)} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    shown = subprocess.run(["bash", "-c", script], check=True, stdout=subprocess.PIPE, text=True).stdout
    return dict(json.loads(shown))


def play(env: dict[str, str], log: Path, *words: str) -> float:
    """Run a playbook; return seconds."""
    began = time.monotonic()
    with log.open("a") as out:
        done = subprocess.run(
            ["ansible-playbook", "-i", "inventories/rehearsal", *words, "-e", "profile=current"],
            cwd=ROOT,
            env={**env, "PATH": f"{Path(sys.executable).parent}:{env['PATH']}"},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        sys.exit(f"{' '.join(words)} failed with exit code {done.returncode}:\n{log.read_text()[-4000:]}")
    return time.monotonic() - began


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--load", type=float, default=180.0, help="seconds that an engine loads (default: %(default)g)")
    parser.add_argument("--slowest", default=largest(), help="example that is measured alone (default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder, log = Path(name), Path(name) / "playbooks.log"
        try:
            rehearsal(folder, "up")
            env = {**os.environ, **environment(rehearsal(folder, "env"))}
            play(env, log, "install.yml")
            slow = {"kind": "slow-start", "image": "*-runtime:*", "seconds": options.load}
            rehearsal(folder, "fault", "add", json.dumps(slow))
            more = ("-e", "dynamo_example_timeout=1800")
            alone = play(env, log, "deploy.yml", "-e", f"example={options.slowest}", *more)
            play(env, log, "remove.yml", "-e", f"example={options.slowest}")
            everything = play(env, log, "deploy.yml", "-e", "example=all", *more)
        finally:
            rehearsal(folder, "down")
    count = len(list(EXAMPLES.glob("*.yml")))
    ratio = everything / alone
    print(f"engines that load for {options.load:g} s, {os.cpu_count()} processors")
    print(f"{options.slowest} alone   {alone:6.1f} s")
    print(f"all {count} at once   {everything:6.1f} s")
    print(f"ratio {ratio:.2f}, limit {LIMIT}: {'kept' if ratio <= LIMIT else 'not kept'}")
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
