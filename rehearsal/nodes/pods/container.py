# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The life of one container: pulled, started, probed, restarted with back-off, stopped."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any, Protocol

from rehearsal.nodes import faults, images
from rehearsal.nodes.events import timestamp
from rehearsal.nodes.pods import probes, probing
from rehearsal.nodes.pods.backoff import BackOff
from rehearsal.nodes.pods.context import Context
from rehearsal.nodes.pods.environment import ConfigurationError
from rehearsal.nodes.pods.logs import ContainerLog
from rehearsal.nodes.pods.plan import Plan
from rehearsal.nodes.pods.process import ContainerProcess, StartError, run_command
from rehearsal.nodes.pods.pulling import Puller
from rehearsal.nodes.pods.status import ContainerState, running, terminated, waiting

Json = dict[str, Any]

# A kubelet looks again at a container that could not be configured with its next synchronisation.
_CONFIG_RETRY_SECONDS = 10.0
_START_ERROR_CODE = 128


class Pod(Protocol):
    """What a container needs of its pod."""

    @property
    def json(self) -> Json:
        """The pod as last seen."""

    @property
    def ip(self) -> str:
        """The pod's address."""

    def changed(self) -> None:
        """Tell that the status has to be written."""

    async def plan(self, container: Json) -> Plan:
        """Work out how a container runs here."""

    def log_of(self, name: str) -> ContainerLog:
        """Return a container's log."""


class Container:
    """Runs one container of a pod until it is done or the pod is stopped."""

    def __init__(self, pod: Pod, spec: Json, state: ContainerState, policy: str, context: Context) -> None:
        """Prepare; `policy` is the restart policy that counts for this container."""
        self.spec = spec
        self.state = state
        self._pod = pod
        self._policy = policy
        self._context = context
        self._log = pod.log_of(state.name)
        self._crash = BackOff(context.config.timings.backoff_scale)
        self._puller = Puller(state.image, context, self._event, self._wait_as)
        self._process: ContainerProcess | None = None
        self._idle = asyncio.Event()  # set while there is no process
        self._idle.set()
        self._plan: Plan | None = None
        self._stopping = False
        self._grace: float | None = None
        self.started = asyncio.Event()
        self._verdicts: dict[str, probes.Verdict] = {}

    # --- what the pod asks for

    @property
    def has_process(self) -> bool:
        """Whether the image table knows how to run the container."""
        return images.recipe(self.state.image) is not None

    async def run(self) -> None:
        """Run to the end: for a container that is always restarted, until the pod stops."""
        while not self._stopping:
            await self._pull()
            code = await self._run_once()
            if self._stopping or self._policy == "Never" or (self._policy == "OnFailure" and code == 0):
                return
            await self._back_off(code)

    async def pretend(self, completed: bool) -> None:
        """Stand for a container that has no process here: pulled like any other, then running, or done at once."""
        await self._pull()
        now = timestamp()
        identity = self._identity(now)
        self._event("Normal", "Created", f"Container created: {self.state.name}")
        self._event("Normal", "Started", f"Container started: {self.state.name}")
        self.state.container_id = identity
        self.state.state = terminated(0, now, now, container_id=identity) if completed else running(now)
        self.state.ready = True
        self.state.started = not completed
        self._pod.changed()

    async def stop(self, grace: float) -> None:
        """End the process: hook, SIGTERM, and SIGKILL after `grace` seconds."""
        self._stopping = True
        process = self._process
        if process is None:
            return
        self._event("Normal", "Killing", f"Stopping container {self.state.name}")
        await self._end(process, grace)

    async def _pull(self) -> None:
        node = str(self._pod.json["spec"].get("nodeName"))
        await self._puller.pull(node, self._facts(), always=self.spec.get("imagePullPolicy") == "Always")

    def _facts(self) -> dict[str, str]:
        meta = self._pod.json["metadata"]
        return {
            "image": self.state.image,
            "namespace": meta["namespace"],
            "pod": meta["name"],
            "container": self.state.name,
        }

    # --- running

    async def _run_once(self) -> int:
        plan = await self._configured()
        begun = timestamp()
        identity = self._identity(begun)
        try:
            process = await ContainerProcess.start(
                self._argv(plan), plan.env, plan.cwd, self._log, self._context.reaper
            )
        except StartError as error:
            message = (
                f"failed to create containerd task: failed to create shim task: OCI runtime create failed: {error}"
            )
            self._event("Normal", "Created", f"Container created: {self.state.name}")
            self._event("Warning", "Failed", f"Error: {message}")
            self._finished(_START_ERROR_CODE, begun, identity, reason="StartError", message=message)
            return _START_ERROR_CODE
        self._process, self._plan = process, plan
        self._idle.clear()
        self._event("Normal", "Created", f"Container created: {self.state.name}")
        self._event("Normal", "Started", f"Container started: {self.state.name}")
        self.state.state, self.state.container_id = running(begun), identity
        tasks = self._begin_probes(plan)
        try:
            code = await process.wait()
            message = self._log.last_lines() if self._tells(code) else ""
            self._finished(code, begun, identity, message=message)
        finally:
            for task in tasks:
                task.cancel()
            process.kill()
            self._process = None
            self._idle.set()
        return code

    def _identity(self, begun: str) -> str:
        seed = f"{self._pod.json['metadata']['uid']} {self.state.name} {self.state.restarts} {begun}"
        return "containerd://" + hashlib.sha256(seed.encode()).hexdigest()

    def _tells(self, code: int) -> bool:
        return code != 0 and self.spec.get("terminationMessagePolicy") == "FallbackToLogsOnError"

    def _argv(self, plan: Plan) -> list[str]:
        crash = self._context.faults.find("crash", **self._facts())
        if crash is not None:
            return faults.crash_command(crash)
        slow = self._context.faults.find("slow-start", **self._facts())
        return faults.delayed(slow, plan.argv) if slow is not None else plan.argv

    async def _configured(self) -> Plan:
        while True:
            try:
                return await self._pod.plan(self.spec)
            except ConfigurationError as error:
                self._event("Warning", "Failed", f"Error: {error}")
                self._wait_as("CreateContainerConfigError", str(error))
                await asyncio.sleep(_CONFIG_RETRY_SECONDS * self._context.config.timings.backoff_scale)

    def _finished(self, code: int, begun: str, identity: str, *, reason: str = "", message: str = "") -> None:
        self.state.state = terminated(code, begun, timestamp(), reason=reason, message=message, container_id=identity)
        self.state.container_id = identity
        self.state.ready = False
        self.state.started = False
        self.started.clear()
        self._pod.changed()

    async def _back_off(self, code: int) -> None:
        del code  # a container that ended well is restarted with the same back-off
        ended = self.state.state
        wait = self._crash.next()
        if wait:
            meta = self._pod.json["metadata"]
            where = f"{meta['name']}_{meta['namespace']}({meta['uid']})"
            self._event("Warning", "BackOff", f"Back-off restarting failed container {self.state.name} in pod {where}")
            self.state.last_state = ended
            self._wait_as(
                "CrashLoopBackOff",
                f"back-off {self._crash.nominal(wait)} restarting failed container={self.state.name} pod={where}",
            )
            await asyncio.sleep(wait)
        self.state.last_state = ended
        self.state.restarts += 1

    async def _end(self, process: ContainerProcess, grace: float) -> None:
        limit = asyncio.get_running_loop().time() + grace
        await self._pre_stop(grace)
        process.terminate()
        try:
            async with asyncio.timeout_at(limit):
                await self._idle.wait()
        except TimeoutError:
            process.kill()
            await self._idle.wait()

    async def _pre_stop(self, grace: float) -> None:
        hook = ((self.spec.get("lifecycle") or {}).get("preStop")) or {}
        if "sleep" in hook:
            await asyncio.sleep(min(float(hook["sleep"].get("seconds") or 0), grace))
        elif "exec" in hook and grace > 0:
            await self._execute([str(word) for word in hook["exec"].get("command") or []], grace)

    # --- probing

    def _begin_probes(self, plan: Plan) -> list[asyncio.Task[None]]:
        scale = self._context.config.timings.probe_scale
        specs = [probes.parse(self.spec, kind, scale) for kind in probes.KINDS]
        self._verdicts = {spec.kind: probes.Verdict(spec) for spec in specs if spec is not None}
        self._judge()
        begun = asyncio.get_running_loop().time()
        return [asyncio.create_task(self._probe(verdict, plan, begun)) for verdict in self._verdicts.values()]

    def _judge(self) -> None:
        """Apply the probes' standing to the container's state."""
        startup, readiness = self._verdicts.get("startup"), self._verdicts.get("readiness")
        alive = self.state.is_running
        self.state.started = probes.is_started(alive, startup)
        self.state.ready = probes.is_ready(alive, startup, readiness)
        if self.state.started:
            self.started.set()
        self._pod.changed()

    async def _probe(self, verdict: probes.Verdict, plan: Plan, begun: float) -> None:
        spec = verdict.spec
        target = probing.Target(self.spec, plan.ports, self._pod.ip)
        if spec.kind != "startup":
            await self.started.wait()
        await asyncio.sleep(max(0.0, begun + spec.initial_delay - asyncio.get_running_loop().time()))
        while not (spec.kind == "startup" and verdict.passed):
            success, words = await probing.run(spec, target, self._execute)
            if not success:
                self._event("Warning", "Unhealthy", f"{spec.kind.title()} probe failed: {words}")
            if verdict.observe(success):
                self._judge()
                if probes.must_kill(verdict):
                    await self._kill_for(spec)
                    return
            await asyncio.sleep(spec.period)

    async def _kill_for(self, spec: probes.ProbeSpec) -> None:
        process = self._process
        if process is None or self._stopping:
            return
        self._event("Normal", "Killing", f"Container {self.state.name} failed {spec.kind} probe, will be restarted")
        pod_grace = self._pod.json["spec"].get("terminationGracePeriodSeconds", 30)
        # in a task of its own: this probe's task is cancelled as soon as the process has ended
        task = asyncio.create_task(self._end(process, float(spec.grace if spec.grace is not None else pod_grace)))
        await asyncio.shield(task)

    async def _execute(self, command: list[str], timeout: float) -> tuple[int | None, str]:
        plan = self._plan
        if plan is None:
            return 126, "container not running"
        argv = plan.rewrite(command)
        return await run_command(argv, plan.env, plan.cwd, timeout, self._context.reaper)

    # --- telling

    def _event(self, kind: str, reason: str, message: str) -> None:
        self._context.events.pod(self._pod.json, kind, reason, message, self.state.name)

    def _wait_as(self, reason: str, message: str) -> None:
        self.state.state = waiting(reason, message)
        self.state.ready = self.state.started = False
        self._pod.changed()
