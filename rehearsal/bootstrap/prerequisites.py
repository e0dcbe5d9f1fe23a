# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What must be on the machine already, and how to get it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

# ansible-core 2.19 and the Dynamo runtime's wheels both end at 3.13.
PYTHON_LOWEST, PYTHON_HIGHEST = (3, 11), (3, 13)
# From 1.21 on, go fetches the toolchain that a module asks for.
GO_LOWEST = (1, 21)
TERRAFORM_LOWEST = (1, 10)


@dataclass(frozen=True)
class Prerequisite:
    """A program that must be there."""

    name: str
    version_command: tuple[str, ...]
    lowest: tuple[int, int] | None
    advice: str


PREREQUISITES = (
    Prerequisite("go", ("go", "version"), GO_LOWEST, "https://go.dev/doc/install"),
    Prerequisite(
        "terraform",
        ("terraform", "version"),
        TERRAFORM_LOWEST,
        "https://developer.hashicorp.com/terraform/install",
    ),
    Prerequisite("make", ("make", "--version"), None, "your system's package manager (apt install make)"),
    Prerequisite("git", ("git", "--version"), None, "your system's package manager (apt install git)"),
)


def read_version(text: str) -> tuple[int, int] | None:
    """Return the first x.y in a program's version output."""
    found = re.search(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None


def run_version(command: tuple[str, ...]) -> str | None:
    """Return what a version command prints, None when the program is not there or does not run."""
    if shutil.which(command[0]) is None:
        return None
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd="/")
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def lacking(run: Callable[[tuple[str, ...]], str | None] = run_version) -> list[str]:
    """Return one line for each prerequisite that is missing or too old, with how to get it."""
    lines = []
    if not sys.platform.startswith("linux"):
        lines.append(f"Linux: the rehearsal reads /proc and runs Linux binaries; this is {sys.platform}.")
    if not PYTHON_LOWEST <= sys.version_info[:2] <= PYTHON_HIGHEST:
        found = ".".join(str(number) for number in sys.version_info[:3])
        lines.append(
            f"Python 3.11, 3.12 or 3.13 (found {found}): https://www.python.org/downloads/ "
            "(apt install python3 python3-venv), then run this with it."
        )
    if not _has_venv():
        lines.append("Python's venv and ensurepip: apt install python3-venv")
    for wanted in PREREQUISITES:
        output = run(wanted.version_command)
        if output is None:
            lines.append(f"{wanted.name}{_at_least(wanted)}: not found; get it from {wanted.advice}")
            continue
        version = read_version(output)
        if wanted.lowest and (version is None or version < wanted.lowest):
            found = "unknown" if version is None else f"{version[0]}.{version[1]}"
            lines.append(f"{wanted.name}{_at_least(wanted)}: found {found}; get it from {wanted.advice}")
    return lines


def better_python() -> str | None:
    """Return a Python on PATH that is new enough, for when the running one is not."""
    if PYTHON_LOWEST <= sys.version_info[:2] <= PYTHON_HIGHEST:
        return None
    for minor in range(PYTHON_HIGHEST[1], PYTHON_LOWEST[1] - 1, -1):
        command = f"python3.{minor}"
        if run_version((command, "--version")) is not None:
            return shutil.which(command)
    return None


def restart_with(python: str, arguments: list[str]) -> None:
    """Replace this process by the same command under another Python."""
    os.execv(python, [python, "-m", "rehearsal.bootstrap", *arguments])  # noqa: S606 - a Python found on PATH


def _has_venv() -> bool:
    from importlib.util import find_spec

    return find_spec("venv") is not None and find_spec("ensurepip") is not None


def _at_least(wanted: Prerequisite) -> str:
    return f" {wanted.lowest[0]}.{wanted.lowest[1]} or newer" if wanted.lowest else ""
