# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""`python -m rehearsal rehearse`: up, the six playbooks as a user would run them, a report, down."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from rehearsal import environment, journey, permissions, playbook, process, state
from rehearsal.awsadmin import AwsAdmin
from rehearsal.bootstrap import provider
from rehearsal.lifecycle import LifecycleError, down, up
from rehearsal.paths import WorkDir
from rehearsal.services import INSTALLER_POLICY
from rehearsal.toolchain import Toolchain

_KUBECTL_SECONDS = 30.0


def rehearse(
    work: WorkDir,
    toolchain: Toolchain,
    examples: Sequence[str],
    keep: bool,
    profile: str = "",
    update: bool = False,
    at_once: int = 0,
) -> int:
    """Make the whole journey; return 0 when everything was as it must be.

    Raises:
        LifecycleError: when the rehearsal does not come up, or Terraform's provider is nowhere to be had.
    """
    source = provider.find(os.environ)
    if not source.usable:
        raise LifecycleError(provider.describe(source))
    signal.signal(signal.SIGTERM, _as_interrupt)
    # What an interrupted or a kept rehearsal left is not the empty account that the journey begins with.
    if down(work, _say):
        _say("an earlier rehearsal was up and is down now")
    try:
        began = time.monotonic()
        current = up(work, _say)
        _say(f"up after {time.monotonic() - began:.1f} s: AWS at {current.aws_endpoint}, logs in {work.logs}")
        chosen = journey.stages(examples, profile, update, at_once)
        good = Journey(work, toolchain, current, chosen, cleanup=not keep).run()
    except KeyboardInterrupt:
        _say("interrupted; taking everything down")
        keep = False
        down(work, _say)
        raise
    except LifecycleError:
        keep = False
        raise
    finally:
        if not keep:
            down(work, _say)
    if keep:
        _say(f"the rehearsal stays up: . {work.env_file}")
    return 0 if good else 1


class Journey:
    """One way through the stages on a rehearsal that is up."""

    def __init__(
        self,
        work: WorkDir,
        toolchain: Toolchain,
        current: state.State,
        stages: Sequence[journey.Stage],
        cleanup: bool,
    ) -> None:
        """Prepare the environment of a user."""
        self._stages = list(stages)
        self._work = work
        self._toolchain = toolchain
        self._cleanup = cleanup
        self._admin = AwsAdmin(current.aws_endpoint, work.aws / "admin.json")
        credentials = json.loads((work.aws / "credentials.json").read_text())
        values = environment.variables(
            work, toolchain, current.aws_endpoint, current.charts_url, credentials, os.environ.get("PATH", os.defpath)
        )
        self._env = {**environment.merged(values, os.environ), **process.marks(work.root, "playbooks")}
        self._claims: list[list[str]] = []
        self._reports: dict[str, dict[str, Any]] = {}
        self._outcomes: list[journey.Outcome] = []
        self._deviations: list[str] = []
        self._leftovers: int | None = None

    def run(self) -> bool:
        """Go all the way or to the first stage that fails; print the report; return whether all was well."""
        chosen = self._stages
        if not self._cleanup:
            chosen = [stage for stage in chosen if stage.name not in ("remove", "cleanup")]
        for number, stage in enumerate(chosen, 1):
            if not self._stage(number, stage):
                break
        else:
            if not journey.answers(self._reports):
                self._deviations.append("no graph answered a chat")
            self._check_end()
        self._check_restarts()
        self._tell_permissions()
        print()
        print(
            journey.page(
                self._outcomes, journey.answers(self._reports), self._claims, self._leftovers, self._deviations
            ),
            flush=True,
        )
        return not self._deviations

    def _stage(self, number: int, stage: journey.Stage) -> bool:
        """Run one stage; return whether the next one makes sense."""
        _say(f"{stage.name}: ansible-playbook -i inventories/rehearsal {' '.join(stage.arguments)}")
        label = f"{number}-{stage.name.replace(' ', '-')}"
        done = playbook.run(
            stage.name,
            ("-i", "inventories/rehearsal", *stage.arguments),
            self._env,
            self._work.logs / f"playbook-{label}.log",
            self._work.run / "ledgers" / f"{label}.json",
            self._trouble,
        )
        outcome = journey.judge(stage, done.seconds, done.code, done.ledger)
        if done.trouble:
            outcome.deviations.insert(0, done.trouble)
        if done.code == 0 and stage.name == "deploy":
            self._claims = journey.node_claims(self._kubectl("get", "nodeclaims"))
            if not self._claims:
                outcome.deviations.append("Karpenter made no NodeClaim")
        if done.code == 0 and stage.name == "smoketest":
            self._reports = read_reports(self._work.run / "reports")
            outcome.deviations += journey.judge_smoke_reports(self._reports, stage.examples)
        self._outcomes.append(outcome)
        self._deviations += [f"{stage.name}: {text}" for text in outcome.deviations]
        _say(f"  {'; '.join(outcome.deviations) or 'ok'} after {done.seconds:.1f} s")
        if done.code != 0:
            print("\n".join([f"  last lines of {done.log}:", *[f"    {row}" for row in process.tail(done.log, 40)]]))
        return done.code == 0

    def _check_end(self) -> None:
        """After the cleanup nothing may be left, in the account or of the clusters."""
        if not self._cleanup:
            return
        inventory = self._admin.inventory()
        self._leftovers = sum(len(ids) for ids in inventory.values())
        self._deviations += journey.judge_inventory(inventory)
        gone = process.wait_until(lambda: not state.read(self._work.state_file).clusters, 30.0)
        if not gone:
            self._deviations.append("the control plane of a deleted cluster still runs")

    def _tell_permissions(self) -> None:
        """Write down what the installing user's policy allows and nothing needed; say what it lacked."""
        found = permissions.compare(json.loads(INSTALLER_POLICY.read_text()), self._admin.calls())
        file = self._work.root / "permissions.txt"
        file.write_text(permissions.page(found) + "\n")
        _say(f"permissions: {len(found.unused)} allowed and not needed, {len(found.denied)} denied (see {file})")

    def _check_restarts(self) -> None:
        for part in state.read(self._work.state_file).processes:
            if part.restarts or part.last_exit:
                self._deviations.append(f"{part.name} ended by itself: {part.last_exit} (log: {part.log})")

    def _trouble(self) -> str:
        current = state.read(self._work.state_file)
        if not current.supervised:
            return f"the supervisor has ended (log: {self._work.logs / 'supervisor.log'})"
        failed = [f"cluster {cluster.name}: {cluster.error}" for cluster in current.clusters if cluster.error]
        return current.error or "; ".join(failed)

    def _kubectl(self, *arguments: str) -> list[Mapping[str, Any]]:
        """Ask the cluster as the installing user would: kubeconfig, `aws eks get-token`, kubectl."""
        done = subprocess.run(
            [str(self._toolchain.bin_dir / "kubectl"), *arguments, "-o", "json"],
            env=self._env,
            capture_output=True,
            text=True,
            timeout=_KUBECTL_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            self._deviations.append(f"kubectl {' '.join(arguments)}: {done.stderr.strip()[-300:]}")
            return []
        return list(json.loads(done.stdout)["items"])


def read_reports(directory: Path) -> dict[str, dict[str, Any]]:
    """Return the smoke test's reports by graph."""
    prefix = "smoketest-"
    return {
        file.stem[len(prefix) :]: json.loads(file.read_text()) for file in sorted(directory.glob(f"{prefix}*.json"))
    }


def _as_interrupt(_signum: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say(text: str) -> None:
    print(text, flush=True)
