# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Command line: `python3 -m rehearsal.bootstrap [--only NAME …] [--print NAME]`."""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from types import FrameType

from rehearsal import paths
from rehearsal.bootstrap import builds, prerequisites, provider
from rehearsal.bootstrap.places import ON_DEMAND_VENVS, VENVS, Places, tools
from rehearsal.bootstrap.progress import Progress, StepFailedError

# On demand too, but every rehearsal comes to demand it, and then an installation would wait for its compiler.
EARLY = ("prometheus",)
_PRINTABLE = ("main-python", "dynamo-python", "bin-dir", "cache")


def main(arguments: list[str]) -> int:
    """Set up what is missing; return the exit code."""
    names = [*VENVS, *(tool.name for tool in tools()), *Places.here().on_demand()]
    parser = argparse.ArgumentParser(prog="python3 -m rehearsal.bootstrap", description=__doc__)
    parser.add_argument("--only", action="append", choices=[*names, "tools"], help="set up this alone (repeatable)")
    parser.add_argument("--print", dest="show", choices=_PRINTABLE, help="print where something is, set up nothing")
    options = parser.parse_args(arguments)
    better = prerequisites.better_python()
    if better:
        prerequisites.restart_with(better, arguments)
    places = Places.here()
    if options.show:
        print(locate(places, options.show))
        return 0
    lacking = prerequisites.lacking()
    if lacking:
        print("Failed to set up: prerequisites are missing.\n  " + "\n  ".join(lacking), file=sys.stderr)
        return 1
    wanted = set(options.only or [*VENVS, "tools", *EARLY])
    if "tools" in wanted:
        wanted |= {tool.name for tool in tools()}
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        set_up(places, wanted)
    except StepFailedError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped; the next run goes on with what is missing.", file=sys.stderr)
        return 130
    return 0


def locate(places: Places, name: str) -> str:
    """Return where one of the things is."""
    return str(
        {
            "main-python": lambda: places.python_of("main"),
            "dynamo-python": lambda: places.python_of("dynamo"),
            "bin-dir": lambda: places.bin_dir,
            "cache": lambda: places.cache,
        }[name]()
    )


def set_up(places: Places, wanted: set[str]) -> None:
    """Make what is wanted and not there, pip beside go.

    Raises:
        StepFailedError: when a step fails; the other lane is ended too.
    """
    progress = Progress()
    table = {tool.name: tool for tool in [*tools(), *tools(on_demand=True)]}
    link_collection()
    with _alone(places, progress), progress.watching():
        lanes: list[Callable[[], None]] = [
            lambda: _each((*VENVS, *ON_DEMAND_VENVS), wanted, lambda name: builds.make_venv(name, places, progress)),
            lambda: _each(table, wanted, lambda name: builds.make_tool(table[name], places, progress)),
        ]
        pool = ThreadPoolExecutor(len(lanes))
        futures = [pool.submit(lane) for lane in lanes]
        try:
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
        finally:
            progress.cancel()
            pool.shutdown(wait=True)
        if not [name for name in places.missing() if name != "links to the tools"]:
            builds.link_tools(places)
    if "tools" in wanted or "main" in wanted:
        progress.say(provider.describe(provider.find(os.environ)))
    for name in _PRINTABLE:
        print(f"{name}: {locate(places, name)}")


def _each(names: Iterable[str], wanted: set[str], make: Callable[[str], None]) -> None:
    for name in names:
        if name in wanted:
            make(name)


def link_collection() -> None:
    """Put the checkout where Ansible looks for the collection (as ansible.cfg says)."""
    link = paths.REPO / ".ansible" / "collections" / "ansible_collections" / "ai_on_eks" / "dynamo"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.exists():
        link.unlink(missing_ok=True)
        link.symlink_to("../../../..", target_is_directory=True)


@contextmanager
def _alone(places: Places, progress: Progress) -> Iterator[None]:
    """Hold the cache's lock: a second run waits and then finds everything made."""
    places.cache.mkdir(parents=True, exist_ok=True)
    with (places.cache / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say("another bootstrap is at work; waiting for it ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _as_interrupt(_signum: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
