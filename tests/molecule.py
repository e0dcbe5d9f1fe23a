# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Run the molecule scenarios against one rehearsal, in the order in which the roles follow each other.

The scenarios share what they build: the cluster that role_eks_infra makes carries the rest, role_teardown removes it,
and the embedded account must be empty afterwards. Usage: molecule.py [SCENARIO...]
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = Path(os.environ.get("REHEARSAL_DIR") or ROOT / ".rehearsal" / "tests")
CONFIG = ROOT / "extensions" / "molecule" / "config.yml"
SCENARIOS = (
    "role_eks_infra",
    "role_karpenter_gpu",
    "role_observability",
    "role_dynamo_platform",
    "role_dynamo_example",
    "role_dynamo_smoketest",
    "role_teardown",
)


def rehearsal(command: str) -> int:
    """Call the rehearsal's command line for our own work directory."""
    return subprocess.call([sys.executable, "-m", "rehearsal", command, "--dir", str(WORK)], cwd=ROOT)


def environment() -> dict[str, str]:
    """The environment of a user of this rehearsal, plus what molecule needs."""
    script = f'set -a; . "{WORK}/env"; env -0'
    found = subprocess.check_output(["bash", "-c", script], text=True)
    env = dict(line.split("=", 1) for line in found.split("\0") if "=" in line)
    env["ANSIBLE_CONFIG"] = str(ROOT / "ansible.cfg")
    env["ANSIBLE_COLLECTIONS_PATH"] = str(ROOT / ".ansible" / "collections")
    return {**os.environ, **env}


def main() -> int:
    """Entry point."""
    wanted = sys.argv[1:] or list(SCENARIOS)
    results: dict[str, tuple[bool, float]] = {}
    try:
        if rehearsal("up"):
            return 1
        env = environment()
        for scenario in wanted:
            started = time.monotonic()
            command = ["molecule", "--base-config", str(CONFIG), "test", "--scenario-name", scenario]
            code = subprocess.call(command, cwd=ROOT / "extensions", env=env)
            results[scenario] = (code == 0, time.monotonic() - started)
            if code:
                # The next scenarios stand on this one.
                break
    finally:
        rehearsal("down")
    for scenario in wanted:
        ok, seconds = results.get(scenario, (False, 0.0))
        print(f"{scenario:<24} {seconds:6.1f} s  {'ok' if ok else 'FAILED' if scenario in results else 'not run'}")
    failed = sum(not results.get(scenario, (False, 0.0))[0] for scenario in wanted)
    print(f"scenarios: {len(wanted) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
