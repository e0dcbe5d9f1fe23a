# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Commands of the rehearsal: `python -m rehearsal up | down | status | env | rehearse | fault | permissions`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from rehearsal import latencies, permissions, report, state
from rehearsal.awsadmin import AwsAdmin
from rehearsal.faultset import FaultSet
from rehearsal.lifecycle import LifecycleError, Options, down, up
from rehearsal.paths import WorkDir
from rehearsal.services import INSTALLER_POLICY
from rehearsal.toolchain import NotSetUpError, Toolchain

_EXAMPLES = Path(__file__).resolve().parent.parent / "roles" / "dynamo_example" / "files" / "examples"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except (LifecycleError, NotSetUpError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--dir", help="work directory (default: $REHEARSAL_DIR, else .rehearsal in the checkout)")
    parser = argparse.ArgumentParser(prog="python -m rehearsal", description="AWS and EKS on this machine.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, function: Callable[[argparse.Namespace], int], about: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=about, description=about, parents=[common])
        command.set_defaults(command=function)
        return command

    start = add("up", _up, "start a rehearsal, or find it up already")
    _add_aws_options(start)
    start.add_argument(
        "--latency",
        default="",
        help="how long AWS takes: `realistic`, or a JSON file of seconds by operation (default: no time)",
    )
    start.add_argument(
        "--latency-factor", type=float, default=1.0, help="divide these times, e.g. by 30 (default: %(default)g)"
    )
    add("down", _down, "end it and everything it started")
    status = add("status", _status, "say what runs and what is wrong; non-zero when it is not up or something is wrong")
    status.add_argument("--json", action="store_true", help="print state.json")
    add("env", _env, "print shell exports for it")
    rehearse = add("rehearse", _rehearse, "run the six playbooks on it as a user would, and report")
    rehearse.add_argument("--keep", action="store_true", help="leave it up, with everything installed")
    rehearse.add_argument(
        "--examples", default="hello-world,vllm", help="examples to deploy, or all (default: %(default)s)"
    )
    rehearse.add_argument(
        "--profile", choices=["guide", "current"], default="", help="versions to install (default: the inventory's)"
    )
    rehearse.add_argument("--update", action="store_true", help="update the graphs in place before they are tested")
    rehearse.add_argument(
        "--at-once", type=int, default=0, help="so many examples at the same time, one group after the other (0 = all)"
    )
    fault = add("fault", _fault, "inject, list or clear faults of AWS's calls and of pods")
    fault.add_argument("action", choices=["list", "add", "clear"])
    fault.add_argument("fault", nargs="?", help='for `add`: a JSON object, e.g. {"kind": "no_capacity"}')
    permissions = add("permissions", _permissions, "compare the installing user's policy with what it has called")
    permissions.add_argument("--json", action="store_true", help="print everything as JSON")
    _add_aws_options(add("supervise", _supervise, "(what `up` runs in the background)"))
    return parser


def _add_aws_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--no-control-plane",
        action="store_true",
        help="the embedded AWS alone: EKS clusters become ACTIVE by themselves, with no Kubernetes behind them",
    )


def _up(options: argparse.Namespace) -> int:
    work = WorkDir.choose(options.dir)
    seconds = latencies.choose(options.latency, options.latency_factor) if options.latency else {}
    current = up(work, _say, Options(control_planes=not options.no_control_plane, latencies=seconds))
    print(report.status_page(current, work))
    return 0 if not current.troubles() else 1


def _down(options: argparse.Namespace) -> int:
    work = WorkDir.choose(options.dir)
    print("The rehearsal is down." if down(work, _say) else "Nothing was up.")
    return 0


def _status(options: argparse.Namespace) -> int:
    work = WorkDir.choose(options.dir)
    current = state.read(work.state_file)
    if options.json:
        print(json.dumps(current.to_json(), indent=1))
    else:
        print(report.status_page(current, work))
    return 0 if current.supervised and current.phase == state.READY and not current.troubles() else 1


def _env(options: argparse.Namespace) -> int:
    work = WorkDir.choose(options.dir)
    if not state.read(work.state_file).supervised:
        raise LifecycleError(f"Failed to print the environment: no rehearsal is up in {work.root}. Run up first.")
    sys.stdout.write(work.env_file.read_text())
    return 0


def _rehearse(options: argparse.Namespace) -> int:
    from rehearsal.rehearse import rehearse

    examples = [name for name in options.examples.split(",") if name]
    if examples == ["all"]:
        examples = sorted(path.stem for path in _EXAMPLES.glob("*.yml"))
    return rehearse(
        WorkDir.choose(options.dir),
        Toolchain.find(),
        examples,
        keep=options.keep,
        profile=options.profile,
        update=options.update,
        at_once=options.at_once,
    )


def _fault(options: argparse.Namespace) -> int:
    work = WorkDir.choose(options.dir)
    current = state.read(work.state_file)
    if not current.supervised:
        raise LifecycleError(f"Failed to reach the embedded AWS: no rehearsal is up in {work.root}. Run up first.")
    faults = FaultSet(work, current.aws_endpoint)
    if options.action == "add":
        if not options.fault:
            raise ValueError("Failed to add a fault: none given. Pass a JSON object.")
        faults.add(json.loads(options.fault))
    elif options.action == "clear":
        faults.clear()
    print(json.dumps(faults.show(), indent=1))
    return 0


def _permissions(options: argparse.Namespace) -> int:
    work = WorkDir.choose(options.dir)
    current = state.read(work.state_file)
    if not current.supervised:
        raise LifecycleError(f"Failed to reach the embedded AWS: no rehearsal is up in {work.root}. Run up first.")
    found = permissions.compare(
        json.loads(INSTALLER_POLICY.read_text()), AwsAdmin(current.aws_endpoint, work.aws / "admin.json").calls()
    )
    print(json.dumps(found.to_json(), indent=1) if options.json else permissions.page(found))
    return 0 if not found.denied else 1


def _supervise(options: argparse.Namespace) -> int:
    from rehearsal.supervisor import AlreadyRunningError, Supervisor

    try:
        control_planes = not options.no_control_plane
        return Supervisor(WorkDir.choose(options.dir), Toolchain.find(), control_planes).run()
    except AlreadyRunningError as error:
        print(error, file=sys.stderr)
        return 1


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
