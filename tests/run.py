# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Run the levels of the tests, one step after the other, and print one summary.

Usage: run.py all | fast | LEVEL...   (a level is a name of LEVELS below)

Every step writes its whole output to tests/output/<step>.log; a failed one shows its last lines here. A failed step
does not hold up the others, but the run fails.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "tests" / "output"
BIN = Path(sys.executable).parent
TAIL = 60


@dataclasses.dataclass(frozen=True)
class Step:
    """One command; relative to the checkout unless `cwd` says otherwise."""

    name: str
    command: tuple[str, ...]
    cwd: str = "."


def _python(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, *arguments)


# Folders share clusters (tests/integration/conftest.py), and wait more than they work.
TWO_LANES = ("-n", "2", "--dist", "loadscope", "--no-loadscope-reorder", "--durations=40")

LEVELS: dict[str, tuple[Step, ...]] = {
    "unit": (Step("unit", _python("-m", "pytest", "-q", "-n", "2", "tests/unit")),),
    "lint": (
        Step("ruff-check", ("ruff", "check", ".")),
        Step("ruff-format", ("ruff", "format", "--check", ".")),
        Step("yamllint", ("yamllint", "--strict", ".")),
        Step("ansible-lint", ("ansible-lint", "--offline")),
        Step("licences", ("reuse", "lint", "--quiet")),
        Step("changelog", ("antsibull-changelog", "lint")),
    ),
    "types": (
        Step("mypy-rehearsal", ("mypy", "-p", "rehearsal")),
        Step("mypy-plugins", ("mypy", "-p", "ansible_collections.ai_on_eks.dynamo.plugins")),
    ),
    "sanity": (Step("sanity", _python("tests/sanity/run.py")),),
    "terraform-test": (
        Step("terraform", _python("tests/terraform.py")),
        Step("terraform-scan", _python("tests/scan.py")),
    ),
    "integration": (Step("integration", _python("-m", "pytest", "-q", *TWO_LANES, "tests/integration")),),
    "molecule": (Step("molecule", _python("tests/molecule.py")),),
    "journey": (Step("journey", _python("-m", "rehearsal", "rehearse")),),
}
FAST = ("unit", "lint", "types", "sanity", "terraform-test")


def environment() -> dict[str, str]:
    """The environment of every step: the tools of this interpreter first, the collection where Ansible finds it."""
    env = dict(os.environ)
    env["PATH"] = f"{BIN}{os.pathsep}{env.get('PATH', '')}"
    env["ANSIBLE_CONFIG"] = str(ROOT / "ansible.cfg")
    env["PYTHONPATH"] = str(ROOT)
    # A rehearsal that a person left up in the default place is not touched.
    env["REHEARSAL_DIR"] = str(ROOT / ".rehearsal" / "tests")
    return env


def run(step: Step) -> tuple[bool, float]:
    """Run one step; show its last lines when it fails."""
    print(f"== {step.name}: {' '.join(step.command)}", flush=True)
    started = time.monotonic()
    log = OUTPUT / f"{step.name}.log"
    with log.open("w", encoding="utf-8") as stream:
        code = subprocess.call(
            step.command, cwd=ROOT / step.cwd, env=environment(), stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
        )
    seconds = time.monotonic() - started
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    for line in lines[-TAIL:] if code else lines[-1:]:
        print(f"   {line}")
    print(
        f"   {'ok' if code == 0 else f'FAILED (exit {code})'} in {seconds:.0f} s, log: {log.relative_to(ROOT)}",
        flush=True,
    )
    return code == 0, seconds


def selected(names: list[str]) -> list[Step]:
    """The steps of the named levels, in the order of LEVELS."""
    known = {"all": tuple(LEVELS), "fast": FAST}
    wanted = [level for name in names for level in known.get(name, (name,))]
    unknown = sorted(set(wanted) - set(LEVELS))
    if unknown or not wanted:
        names = ", ".join(("all", "fast", *LEVELS))
        sys.exit(f"Failed to choose tests: unknown level {', '.join(unknown) or '(none given)'}. Choose from {names}.")
    return [step for level in LEVELS if level in wanted for step in LEVELS[level]]


def main() -> int:
    """Entry point."""
    steps = selected(sys.argv[1:])
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir(parents=True)
    results = [(step.name, *run(step)) for step in steps]
    width = max(len(name) for name, _, _ in results)
    print("\nsummary")
    for name, ok, seconds in results:
        print(f"  {name:<{width}}  {seconds:7.1f} s  {'ok' if ok else 'FAILED'}")
    passed = sum(ok for _, ok, _ in results)
    print(f"steps: {passed} passed, {len(results) - passed} failed")
    return 0 if passed == len(results) else 1


if __name__ == "__main__":
    sys.exit(main())
