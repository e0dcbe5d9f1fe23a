# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Configuration, faults, logs, events, informer, reaper."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal.nodes import config, faults, reaper
from rehearsal.nodes.events import Events
from rehearsal.nodes.informer import Informer
from rehearsal.nodes.kube import ApiError, object_path, pod_path
from rehearsal.nodes.pods import kwok_objects
from rehearsal.nodes.pods.logs import ContainerLog, cri_line, pump
from rehearsal.nodes.pods.process import exit_code


def test_configuration_names_what_is_missing(agent_json: dict[str, Any]) -> None:
    del agent_json["server"]
    agent_json["repo"] = ""
    with pytest.raises(ValueError, match="server, repo missing"):
        config.parse(agent_json)


def test_timings_may_be_given(agent_json: dict[str, Any]) -> None:
    assert config.parse(agent_json).timings == config.Timings()
    assert config.parse({**agent_json, "timings": {"probe_scale": 0.1}}).timings.probe_scale == 0.1


def test_faults_match_by_pattern(tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    found = faults.Faults(path)
    facts = {"image": "nvcr.io/x/vllm-runtime:1", "namespace": "dyn", "pod": "vllm-0", "container": "main"}
    assert found.find("image-pull", **facts) is None
    path.write_text(json.dumps([{"kind": "image-pull", "image": "*/vllm-runtime:*", "pod": "vllm-*"}]))
    assert found.find("image-pull", **facts) is not None
    assert found.find("crash", **facts) is None
    assert found.find("image-pull", **{**facts, "pod": "other"}) is None
    path.unlink()
    assert found.find("image-pull", **facts) is None


def test_half_written_faults_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    path.write_text('[{"kind": "crash"}]')
    found = faults.Faults(path)
    assert found.find("crash") is not None
    path.write_text("[{")
    assert found.find("crash") is not None


def test_crash_command_prints_and_exits() -> None:
    fault = {"lines": ["CUDA out of memory", "100% 'quoted'"], "exit_code": 3}
    done = subprocess.run(faults.crash_command(fault), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.splitlines()) == (3, ["CUDA out of memory", "100% 'quoted'"])


def test_delayed_command_keeps_its_words() -> None:
    argv = faults.delayed({"seconds": 0}, ["printf", "%s|", "a b", "$HOME"])
    assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout == "a b|$HOME|"


def test_cri_lines() -> None:
    line = cri_line("stdout", "hello")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z stdout F hello\n", line)
    assert " P " in cri_line("stderr", "x", partial=True)


def test_log_of_a_run_becomes_the_previous_one(tmp_path: Path) -> None:
    log = ContainerLog(tmp_path)
    log.begin()
    log.write("stdout", "first")
    assert not log.previous.exists()
    log.end()
    assert "first" in log.previous.read_text()
    assert log.last_lines() == "first"
    log.begin()
    log.write("stdout", "second")
    assert "second" in log.path.read_text()
    assert "second" not in log.previous.read_text()


def test_termination_message_is_bounded(tmp_path: Path) -> None:
    log = ContainerLog(tmp_path)
    log.begin()
    for number in range(500):
        log.write("stderr", f"line {number} " + "x" * 100)
    assert len(log.last_lines().encode()) <= 2048
    assert log.last_lines().endswith("x")
    assert "line 499" in log.last_lines()


def test_pump_splits_lines() -> None:
    async def scenario() -> list[tuple[str, bool]]:
        reader = asyncio.StreamReader()
        reader.feed_data(b"one\ntwo\r\n" + b"x" * 40000 + b"\nlast")
        reader.feed_eof()
        got: list[tuple[str, bool]] = []

        def write(stream: str, text: str, *, partial: bool = False) -> None:
            got.append((text, partial))

        await pump(reader, "stdout", write)
        return got

    lines = asyncio.run(scenario())
    assert lines[:2] == [("one", False), ("two", False)]
    assert "".join(text for text, _ in lines[2:-1]) == "x" * 40000
    assert lines[-1] == ("last", False)


@pytest.mark.parametrize(("returncode", "code"), [(0, 0), (3, 3), (-9, 137), (-15, 143)])
def test_exit_codes(returncode: int, code: int) -> None:
    assert exit_code(returncode) == code


def test_kwok_objects_go_with_the_pod() -> None:
    pod = {"metadata": {"name": "p", "namespace": "n", "uid": "u"}}
    forward = kwok_objects.port_forward(pod, {8000: 20000})
    assert forward["spec"]["forwards"] == [{"ports": [8000], "target": {"port": 20000, "address": "127.0.0.1"}}]
    assert forward["metadata"]["ownerReferences"][0]["uid"] == "u"
    logs = kwok_objects.logs(pod, {"main": (Path("/c"), Path("/p"))})
    assert logs["spec"]["logs"][0]["previousLogsFile"] == "/p"


def test_paths_of_objects() -> None:
    assert object_path("api/v1", "nodes", None, "n", "status") == "/api/v1/nodes/n/status"
    assert pod_path({"metadata": {"name": "p", "namespace": "n"}}) == "/api/v1/namespaces/n/pods/p"


class FakeKube:
    """Answers lists and watches from a script."""

    def __init__(self, lists: list[list[dict[str, Any]]], watches: list[list[dict[str, Any]] | Exception]) -> None:
        self.lists, self.watches = lists, watches
        self.done = asyncio.Event()
        self.created: list[dict[str, Any]] = []
        self.patched: list[dict[str, Any]] = []

    async def get(self, path: str) -> dict[str, Any]:
        return {"kind": "PodList", "metadata": {"resourceVersion": "1"}, "items": self.lists.pop(0)}

    async def watch(self, path: str, params: dict[str, str]) -> AsyncIterator[dict[str, Any]]:
        if not self.watches:
            self.done.set()
            await asyncio.Event().wait()
        script = self.watches.pop(0)
        if isinstance(script, Exception):
            raise script
        for event in script:
            yield event

    async def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.created.append(body)
        return body

    async def patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.patched.append(body)
        return body


def item(name: str, uid: str) -> dict[str, Any]:
    return {"metadata": {"namespace": "n", "name": name, "uid": uid}}


def test_informer_survives_gone_and_replaced_objects() -> None:
    seen: list[tuple[str, str]] = []

    def handler(new: dict[str, Any] | None, old: dict[str, Any] | None) -> None:
        known = new or old
        assert known is not None
        kind = "gone" if new is None else "new" if old is None else "same"
        seen.append((kind, known["metadata"]["uid"]))

    async def scenario() -> list[str]:
        kube = FakeKube(
            [[item("a", "1"), item("b", "2")], [item("a", "9")], [item("a", "9")]],
            [
                [{"type": "DELETED", "object": item("b", "2")}, {"type": "BOOKMARK", "object": item("x", "0")}],
                ApiError(410, "Expired", "too old resource version"),
            ],
        )
        informer = Informer(kube, "/api/v1/pods", handler)  # type: ignore[arg-type]
        task = asyncio.create_task(informer.run())
        await asyncio.wait_for(kube.done.wait(), 5)
        task.cancel()
        return [entry["metadata"]["uid"] for entry in informer.all()]

    assert asyncio.run(scenario()) == ["9"]
    assert seen == [("new", "1"), ("new", "2"), ("gone", "2"), ("gone", "1"), ("new", "9"), ("same", "9")]


def test_repeated_events_are_counted() -> None:
    pod = {"metadata": {"name": "p", "namespace": "n", "uid": "u"}, "spec": {"nodeName": "node"}}

    async def scenario() -> FakeKube:
        kube = FakeKube([], [])
        events = Events(kube)  # type: ignore[arg-type]
        task = asyncio.create_task(events.run())
        for _ in range(3):
            events.pod(pod, "Warning", "BackOff", "again", "main")
        events.pod(pod, "Normal", "Started", "Container started: main", "main")
        for _ in range(20):
            await asyncio.sleep(0)
        task.cancel()
        return kube

    kube = asyncio.run(scenario())
    assert [body["reason"] for body in kube.created] == ["BackOff", "Started"]
    assert [body["count"] for body in kube.patched] == [2, 3]
    assert kube.created[0]["involvedObject"]["fieldPath"] == "spec.containers{main}"


def test_reaper_follows_messages() -> None:
    assert reaper.watch(["+10\n", "+11\n", "-10\n", "\n"]) == {11}


def wait_until(condition: Callable[[], bool]) -> bool:
    limit = time.monotonic() + 10
    while time.monotonic() < limit:
        if condition():
            return True
        time.sleep(0.05)
    return False


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def test_processes_end_with_a_killed_agent() -> None:
    agent = (
        "import subprocess, sys, time; sys.path.insert(0, sys.argv[1])\n"
        "from rehearsal.nodes.reaper import Reaper\n"
        "r = Reaper(); p = subprocess.Popen(['sleep', '600'], start_new_session=True); r.add(p.pid)\n"
        "print(p.pid, flush=True); time.sleep(600)\n"
    )
    root = str(Path(__file__).resolve().parents[4])
    process = subprocess.Popen([sys.executable, "-c", agent, root], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    assert not gone(child)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert wait_until(lambda: gone(child))
