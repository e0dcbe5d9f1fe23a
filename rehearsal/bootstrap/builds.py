# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Making virtual environments and tools; what was only half made is never taken for whole."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from rehearsal.bootstrap.places import COMPLETE, TOOLS_DIR, Places, Tool, requirement_files, tools
from rehearsal.bootstrap.progress import Progress, StepFailedError

_PIP = ("-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--progress-bar", "off")


def make_venv(name: str, places: Places, progress: Progress) -> None:
    """Make a virtual environment, in place because its scripts hold its path; the mark `complete` comes last."""
    directory = places.venv(name)
    if (directory / COMPLETE).exists():
        return
    log = _fresh_log(places, f"venv-{name}")
    with progress.step(f"virtual environment {name}"):
        shutil.rmtree(directory, ignore_errors=True)
        directory.parent.mkdir(parents=True, exist_ok=True)
        progress.run(f"make the virtual environment {name}", [sys.executable, "-m", "venv", str(directory)], log)
        python = str(places.python_of(name))
        for arguments in pip_arguments(name):
            progress.run(f"install {name}'s requirements", [python, *_PIP, *arguments], log, env=_pip_env())
        (directory / COMPLETE).touch()


def pip_arguments(name: str) -> list[list[str]]:
    """Return the arguments of each `pip install` of a virtual environment.

    ai-dynamo names a dependency that cannot be installed without a GPU vendor's index, and sdists that fetch such
    wheels while they are built: hence no dependency resolution and wheels only.
    """
    if name != "main":
        files = [argument for file in requirement_files(name) for argument in ("-r", str(file))]
        return [["--no-deps", "--only-binary", ":all:", *files]]
    return [["-r", str(file)] for file in requirement_files(name)]


def make_tool(tool: Tool, places: Places, progress: Progress) -> None:
    """Build a tool beside its place and move it there when it is whole."""
    directory = places.tool(tool)
    if (directory / COMPLETE).exists():
        return
    log = _fresh_log(places, f"go-{tool.name}")
    work = directory.with_name(f".{directory.name}.building")
    with progress.step(f"build {tool.name} ({', '.join(tool.binaries)})"):
        shutil.rmtree(work, ignore_errors=True)
        (work / "bin").mkdir(parents=True)
        source = _copy_module(tool, work)
        _lay_over(tool, source, work, progress, log)
        for binary, package in tool.binaries.items():
            target = work / "bin" / binary
            progress.run(
                f"build {binary}", go_command(tool, package, target), log, cwd=source, env=go_env(tool, target.parent)
            )
        for rest in ("module", "sources"):
            shutil.rmtree(work / rest, ignore_errors=True)
        absent = [binary for binary in tool.binaries if not (work / "bin" / binary).exists()]
        if absent:
            raise StepFailedError(f"Failed to build {tool.name}: go made no {', '.join(absent)}. See {log}.")
        (work / COMPLETE).touch()
        shutil.rmtree(directory, ignore_errors=True)
        work.rename(directory)


def go_command(tool: Tool, package: str, target: Path) -> list[str]:
    """Return the command that makes one binary."""
    flags = ["-ldflags", tool.ldflags]
    if tool.module:
        return ["go", "build", "-trimpath", *flags, "-o", str(target), package]
    return ["go", "install", *flags, package]


def go_env(tool: Tool, bin_dir: Path) -> dict[str, str]:
    """Return the environment of go: a user's own flags and workspaces would change what is built."""
    env = {name: value for name, value in os.environ.items() if name not in ("GOFLAGS", "GOOS", "GOARCH", "GOBIN")}
    env.update({"GOWORK": "off", "GOBIN": str(bin_dir)})
    if tool.goflags:
        env["GOFLAGS"] = tool.goflags
    if tool.toolchain:
        env["GOTOOLCHAIN"] = tool.toolchain
    return env


def _copy_module(tool: Tool, work: Path) -> Path:
    # -mod=mod may write go.mod and go.sum; a build must not change the checkout.
    if not tool.module:
        return work
    return Path(shutil.copytree(TOOLS_DIR / tool.module, work / "module"))


def laid_over(go_mod: str, overlay: Path) -> dict[str, str]:
    """Return the modules, with their versions, that a tool builds with files of its own in place of theirs.

    Those are in `overlay/<path of the module>`.
    """
    required = re.findall(r"^(?:require\s+)?\s*(\S+/\S+)\s+(v\S+)", go_mod, re.MULTILINE)
    return {module: version for module, version in required if (overlay / module).is_dir()}


def _lay_over(tool: Tool, source: Path, work: Path, progress: Progress, log: Path) -> None:
    overlay = source / "overlay"
    for module, version in laid_over((source / "go.mod").read_text(), overlay).items() if overlay.is_dir() else ():
        env = go_env(tool, work / "bin")
        progress.run(f"fetch {module}", ["go", "mod", "download", f"{module}@{version}"], log, cwd=source, env=env)
        cache = subprocess.run(["go", "env", "GOMODCACHE"], capture_output=True, text=True, check=True, env=env)
        target = work / "sources" / module
        shutil.copytree(Path(cache.stdout.strip()) / f"{module}@{version}", target, copy_function=shutil.copyfile)
        for directory in (target, *(path for path in target.rglob("*") if path.is_dir())):
            directory.chmod(0o755)
        shutil.copytree(overlay / module, target, dirs_exist_ok=True)
        edit = ["go", "mod", "edit", "-replace", f"{module}={target}"]
        progress.run(f"replace {module}", edit, log, cwd=source, env=env)


def link_tools(places: Places) -> None:
    """Make the one directory with links to every binary."""
    target = places.bin_dir
    if target.exists():
        return
    work = target.parent.with_name(f".{target.parent.name}.linking")
    shutil.rmtree(work, ignore_errors=True)
    (work / "bin").mkdir(parents=True)
    for tool in tools():
        for binary in tool.binaries:
            (work / "bin" / binary).symlink_to(places.tool(tool) / "bin" / binary)
    shutil.rmtree(target.parent, ignore_errors=True)
    work.rename(target.parent)


def _pip_env() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME", "PIP_USER")}


def _fresh_log(places: Places, name: str) -> Path:
    log = places.logs / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    return log
