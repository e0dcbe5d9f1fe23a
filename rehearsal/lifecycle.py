# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Bringing a rehearsal up and down from another process: what `up`, `down` and `rehearse` share."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rehearsal import process, state
from rehearsal.paths import REPO, WorkDir
from rehearsal.toolchain import Toolchain

_UP_SECONDS = 300.0
_DOWN_SECONDS = 90.0
_POLL_SECONDS = 0.1


class LifecycleError(Exception):
    """A rehearsal did not come up or did not go down; the message says why."""


@dataclass(frozen=True)
class Options:
    """How a rehearsal is started.

    Attributes:
        control_planes: whether EKS clusters get a real control plane.
        latencies: seconds by operation.
    """

    control_planes: bool = True
    latencies: Mapping[str, float] = field(default_factory=dict)


def up(work: WorkDir, say: Callable[[str], None], options: Options | None = None) -> state.State:
    """Start a rehearsal unless one is up in this work directory, and wait until it is ready.

    Args:
        work: the work directory.
        say: tells a person what happens.
        options: how to start it; one that is up keeps its own.

    Raises:
        LifecycleError: when it does not come up.
        NotSetUpError: when a tool is missing.
    """
    current = state.read(work.state_file)
    if current.supervised and current.phase == state.STOPPING:
        say("the earlier rehearsal is still going down; waiting for it")
        process.wait_until(lambda: not state.read(work.state_file).supervised, _DOWN_SECONDS, _POLL_SECONDS)
        current = state.read(work.state_file)
    if current.supervised and current.phase == state.READY:
        return current
    if not current.supervised:
        Toolchain.find()
        current.phase = state.STARTING
        supervisor = _spawn(work, options or Options())
    else:
        supervisor = current.supervisor
    return _await_ready(work, supervisor)


def _spawn(work: WorkDir, options: Options) -> process.Identity | None:
    work.root.mkdir(parents=True, exist_ok=True)
    work.latencies.write_text(json.dumps(dict(options.latencies), indent=1))
    log = work.logs / "supervisor.log"
    log.unlink(missing_ok=True)
    # A state of an earlier run must not be taken for the new supervisor's.
    ports = state.read(work.state_file).ports
    state.write(work.state_file, state.State(phase=state.STOPPED, ports=ports).to_json())
    env = {**os.environ, **process.marks(work.root, "supervisor"), "PYTHONPATH": str(REPO), "PYTHONUNBUFFERED": "1"}
    argv = [sys.executable, "-m", "rehearsal", "supervise", "--dir", str(work.root)]
    argv += [] if options.control_planes else ["--no-control-plane"]
    child = process.spawn(argv, env=env, cwd=work.root, log=log)
    return process.Identity.of(child.pid)


def _await_ready(work: WorkDir, supervisor: process.Identity | None) -> state.State:
    limit = time.monotonic() + _UP_SECONDS
    while time.monotonic() < limit:
        current = state.read(work.state_file)
        if current.phase == state.READY and current.supervised:
            return current
        if supervisor is None or not supervisor.alive():
            current = state.read(work.state_file)
            log = work.logs / "supervisor.log"
            lines = "\n  ".join(process.tail(log))
            raise LifecycleError(current.error or f"Failed to start the rehearsal. Last lines of {log}:\n  {lines}")
        time.sleep(_POLL_SECONDS)
    raise LifecycleError(f"Failed to start the rehearsal: not ready after {_UP_SECONDS:.0f} s. See {work.logs}.")


def down(work: WorkDir, say: Callable[[str], None]) -> bool:
    """End everything that runs for this work directory, whoever started it; return whether anything ran.

    Raises:
        LifecycleError: when something could not be ended.
    """
    current = state.read(work.state_file)
    ran = current.supervised
    if current.supervised and current.supervisor is not None:
        process.send(current.supervisor, signal.SIGTERM)
        gone = process.wait_until(lambda: not _alive(current.supervisor), _DOWN_SECONDS, _POLL_SECONDS)
        if not gone:
            say(f"the supervisor did not end within {_DOWN_SECONDS:.0f} s and is killed")
            process.send(current.supervisor, signal.SIGKILL)
    orphans = process.owned(work.root)
    if orphans:
        ran = True
        process.end(orphans, grace=5.0)
    left = process.owned(work.root)
    if left:
        pids = ", ".join(f"{identity.pid} ({identity.command[:60]})" for identity in left)
        raise LifecycleError(f"Failed to end {pids}: they do not go. Look at them with ps.")
    final = state.read(work.state_file)
    if final.phase not in (state.STOPPED, state.FAILED) or final.supervisor is not None:
        stopped = state.State(phase=state.STOPPED, ports=final.ports)
        state.write(work.state_file, stopped.to_json())
    return ran


def _alive(identity: process.Identity | None) -> bool:
    return identity is not None and identity.alive()
