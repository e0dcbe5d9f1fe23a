# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Setting up: prerequisites by name, places by content, nothing half-made taken for whole."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from rehearsal import paths
from rehearsal.bootstrap import __main__ as command
from rehearsal.bootstrap import builds, places, prerequisites
from rehearsal.bootstrap.progress import Progress, StepFailedError

TOOL = places.Tool("thing", "", {"thing": "example.com/thing@v1"}, "-s -w", "", "")
VERSIONS = {
    "go": "go version go1.26.8 linux/amd64",
    "terraform": "Terraform v1.11.4\non linux_amd64",
    "make": "GNU Make 4.3",
    "git": "git version 2.39.5",
}


class Recorder(Progress):
    """Runs nothing, or what a test says; remembers every command."""

    def __init__(self, effect: Any = None) -> None:
        super().__init__()
        self.commands: list[list[str]] = []
        self._effect = effect

    def run(self, what: str, argv: Sequence[str], log: Path, cwd: Path | None = None, env: Any = None) -> None:
        self.commands.append(list(argv))
        if self._effect:
            self._effect(list(argv), env)


@pytest.fixture
def here(tmp_path: Path) -> places.Places:
    return places.Places(tmp_path / "cache", "python 3.11")


def test_a_whole_machine_lacks_nothing() -> None:
    assert prerequisites.lacking(lambda argv: VERSIONS[argv[0]]) == []


def test_everything_that_is_missing_is_named_at_once_with_how_to_get_it() -> None:
    lines = prerequisites.lacking(lambda _argv: None)
    assert [line.split(":")[0] for line in lines] == ["go 1.21 or newer", "terraform 1.10 or newer", "make", "git"]
    assert all("get it from" in line for line in lines)


def test_an_old_version_is_named() -> None:
    old = {**VERSIONS, "go": "go version go1.19.8 linux/amd64"}
    assert prerequisites.lacking(lambda argv: old[argv[0]]) == [
        "go 1.21 or newer: found 1.19; get it from https://go.dev/doc/install"
    ]


def test_an_old_python_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    (line,) = prerequisites.lacking(lambda argv: VERSIONS[argv[0]])
    assert line.startswith("Python 3.11, 3.12 or 3.13 (found 3.9.18): https://www.python.org")


def test_missing_prerequisites_end_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("AI_ON_EKS_DYNAMO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(prerequisites, "lacking", lambda: ["go: not found", "make: not found"])
    assert command.main([]) == 1
    assert capsys.readouterr().err.splitlines()[1:] == ["  go: not found", "  make: not found"]
    assert not (tmp_path / "cache").exists()


def test_places_change_with_what_goes_into_them(here: places.Places, tmp_path: Path) -> None:
    other = places.Places(here.cache, "python 3.12")
    assert here.venv("main") != other.venv("main")
    assert here.tool(TOOL) == other.tool(TOOL)
    newer = places.Tool(**{**vars(TOOL), "binaries": {"thing": "example.com/thing@v2"}})
    assert here.tool(TOOL) != here.tool(newer)


def test_the_digest_keeps_parts_apart() -> None:
    assert places.digest(b"ab", b"c") != places.digest(b"a", b"bc")


def test_the_table_of_tools_holds_every_program_that_is_run() -> None:
    binaries = {binary for tool in places.tools() for binary in tool.binaries}
    needed = {
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kubectl",
        "kwok",
        "karpenter",
        "helm",
    }
    assert binaries == needed
    for tool in places.tools():
        if not tool.module:
            assert all("@v" in package for package in tool.binaries.values()), "installed tools are pinned"


def test_dynamo_is_installed_as_wheels_without_resolution() -> None:
    (arguments,) = builds.pip_arguments("dynamo")
    assert arguments[:3] == ["--no-deps", "--only-binary", ":all:"]
    assert [Path(argument).name for argument in arguments if argument.endswith((".in", ".txt"))] == [
        "dynamo.in",
        "dynamo.txt",
    ]


def test_every_requirement_is_pinned() -> None:
    for name in places.VENVS:
        for file in places.requirement_files(name):
            lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
            assert [line for line in lines if "==" not in line] == []


def test_a_tool_is_moved_to_its_place_when_it_is_whole(here: places.Places) -> None:
    def install(_argv: list[str], env: dict[str, str]) -> None:
        assert not here.tool(TOOL).exists()
        Path(env["GOBIN"], "thing").write_text("binary")

    progress = Recorder(install)
    builds.make_tool(TOOL, here, progress)
    assert (here.tool(TOOL) / "bin" / "thing").read_text() == "binary"
    assert progress.commands == [["go", "install", "-ldflags", "-s -w", "example.com/thing@v1"]]
    builds.make_tool(TOOL, here, progress)
    assert len(progress.commands) == 1, "what is there is not made again"


def test_a_failed_build_leaves_nothing_that_looks_whole(here: places.Places) -> None:
    def fail(_argv: list[str], env: dict[str, str]) -> None:
        Path(env["GOBIN"], "thing").write_text("half")
        raise StepFailedError("no")

    with pytest.raises(StepFailedError):
        builds.make_tool(TOOL, here, Recorder(fail))
    assert not here.tool(TOOL).exists()


def test_a_build_without_its_binary_is_a_failure(here: places.Places) -> None:
    with pytest.raises(StepFailedError, match="go made no thing"):
        builds.make_tool(TOOL, here, Recorder())


def test_a_half_made_environment_is_made_anew(here: places.Places) -> None:
    half = here.venv("main")
    half.mkdir(parents=True)
    (half / "half").touch()
    progress = Recorder(lambda *_: half.mkdir(parents=True, exist_ok=True))
    builds.make_venv("main", here, progress)
    assert not (half / "half").exists()
    assert (half / places.COMPLETE).exists()
    assert [argv[1:3] for argv in progress.commands] == [["-m", "venv"], ["-m", "pip"]]


def test_a_users_go_settings_do_not_change_what_is_built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GOFLAGS", "-mod=vendor")
    monkeypatch.setenv("GOOS", "plan9")
    env = builds.go_env(TOOL, tmp_path)
    assert "GOFLAGS" not in env
    assert "GOOS" not in env
    assert env["GOWORK"] == "off"


def test_a_failing_command_shows_its_last_lines(tmp_path: Path) -> None:
    with pytest.raises(StepFailedError, match=r"(?s)Failed to do it: exit code 3.*the reason"):
        Progress().run("do it", ["sh", "-c", "echo the reason; exit 3"], tmp_path / "log")


def test_cancelled_work_ends_and_does_not_go_on(tmp_path: Path) -> None:
    progress = Progress()
    timer = threading.Timer(0.3, progress.cancel)
    timer.start()
    with pytest.raises(StepFailedError):
        progress.run("wait", ["sleep", "60"], tmp_path / "log")
    with pytest.raises(StepFailedError, match="stopped"):
        progress.run("go on", ["true"], tmp_path / "log")
    timer.join()


def test_what_still_runs_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    progress = Progress(heartbeat=0.05)
    with progress.watching(), progress.step("build x"):
        progress.run("build", ["sleep", "0.3"], tmp_path / "log")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("build x ...")
    assert any("still at work: build x" in line for line in lines)
    assert "build x: done in" in lines[-1]


def test_a_second_run_waits_for_the_first(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    code = "\n".join(
        [
            "from rehearsal.bootstrap.__main__ import set_up",
            "from rehearsal.bootstrap.places import Places",
            "set_up(Places.here(), set())",
        ]
    )
    env = {**os.environ, "AI_ON_EKS_DYNAMO_CACHE": str(cache), "PYTHONPATH": str(paths.REPO)}
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        child = subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        assert "another bootstrap is at work" in child.stdout.readline()
        assert child.poll() is None
    assert child.wait(30) == 0
    child.stdout.close()


def test_places_are_printed_and_nothing_is_made(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rehearsal.bootstrap", "--print", "main-python"],
        env={**os.environ, "AI_ON_EKS_DYNAMO_CACHE": str(tmp_path / "cache")},
        cwd=paths.REPO,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(f"{tmp_path}/cache/venv/main-")
    assert not (tmp_path / "cache").exists()


def test_what_few_rehearsals_need_is_made_on_demand_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AI_ON_EKS_DYNAMO_CACHE", str(tmp_path / "cache"))
    here = places.Places.here()
    venvs = {"dynamo-0.4", "checkov", "openai", "llama-cpp", "litellm", "aiperf"}
    assert set(here.on_demand()) == venvs | {"nats-server", "argocd", "prometheus"}
    assert not any(here.has(name) for name in here.on_demand())
    assert set(here.on_demand()).isdisjoint(here.missing())
    wanted: list[set[str]] = []
    monkeypatch.setattr(prerequisites, "lacking", list)
    monkeypatch.setattr(command, "set_up", lambda _places, names: wanted.append(names))
    assert command.main([]) == 0
    assert command.main([word for name in here.on_demand() for word in ("--only", name)]) == 0
    assert wanted[0] & wanted[1] == {"prometheus"}, "what every installation pulls is made beforehand too"
    assert wanted[1] == set(here.on_demand())


def test_what_is_made_on_demand_is_pinned() -> None:
    for tool in places.tools(on_demand=True):
        assert tool.module or all("@v" in package for package in tool.binaries.values())
    files = [file for name in places.ON_DEMAND_VENVS for file in places.requirement_files(name)]
    lines = [line for file in files for line in file.read_text().splitlines()]
    assert all("==" in line for line in lines if not line.startswith("#"))


def test_a_module_is_built_with_files_of_our_own(tmp_path: Path) -> None:
    go_mod = (
        "module x\n\nrequire example.com/big/server v1.2.3\n\nrequire (\n\texample.com/other v2.0.0 // indirect\n)\n"
    )
    (tmp_path / "example.com" / "big" / "server" / "plugins").mkdir(parents=True)
    assert builds.laid_over(go_mod, tmp_path) == {"example.com/big/server": "v1.2.3"}
    assert builds.laid_over(go_mod, tmp_path / "none") == {}


def test_prometheus_is_the_release_that_the_chart_names() -> None:
    module = places.TOOLS_DIR / "prometheus"
    (version,) = builds.laid_over((module / "go.mod").read_text(), module / "overlay").values()
    values = (paths.REPO / "rehearsal/charts/sources/kube-prometheus-stack/values.yaml").read_text()
    found = re.search(r"repository: prometheus/prometheus\s+tag: v(\d+)\.(\d+)\.(\d+)", values)
    assert found is not None
    assert version == f"v0.{found[1]}{int(found[2]):02}.{found[3]}"
