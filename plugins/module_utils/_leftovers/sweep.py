# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Remove what belongs to a cluster, in rounds, until nothing changes."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import time
import typing as t

from . import blocked as blockers
from . import finder
from .asking import Connections, code_of, is_gone, search
from .finder import Leftover, Scan
from .kind import Json, Kind
from .kinds import BY_NAME, KINDS
from .look import narrowed
from .order import LATER, Step, is_going, plan, split_kept
from .steps import STEPS, raise_first

# AWS's listings lag behind: so many rounds may go by in which nothing changes before the rest counts as blocked.
PATIENCE = 3


@dataclasses.dataclass
class Sweep:
    """What a sweep did.

    Attributes:
        deleted: what is gone, or waits for its end at AWS's, in the order in which it went.
        scheduled: keys of those that wait for their end at AWS's.
        kept: what stays because it was asked for.
        blocked: what could not be removed, with the reason.
        last: the last scan.
        rounds: how many scans there were.
        accepted: how many removals AWS took on.
    """

    deleted: list[Leftover]
    kept: list[Leftover]
    blocked: list[Json]
    last: Scan
    rounds: int
    scheduled: set[tuple[str, str, str]] = dataclasses.field(default_factory=set)
    accepted: int = 0

    @property
    def changed(self) -> bool:
        """Whether anything is otherwise than before."""
        return bool(self.deleted or self.accepted)


@dataclasses.dataclass(frozen=True)
class Order:
    """What is asked of a sweep.

    Attributes:
        cluster: name of the cluster.
        region: where it is.
        manifest: saved ids.
        kinds: what to look for.
        tag: only what carries this tag, as key or key=value; empty: all.
        keep: kinds that stay.
        timeout: seconds for all rounds.
        interval: seconds between two rounds.
        stable: scans in a row that must see nothing left.
    """

    cluster: str
    region: str
    manifest: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    kinds: tuple[Kind, ...] = KINDS
    tag: str = ""
    keep: frozenset[str] = frozenset()
    timeout: float = 900
    interval: float = 5
    stable: int = 2


def sweep(connections: Connections, order: Order, sleep: t.Callable[[float], None] = time.sleep) -> Sweep:
    """Remove everything that is the cluster's; failures of single resources stand in the result."""
    return _Sweep(connections, order, sleep).run()


def preview(connections: Connections, order: Order) -> Sweep:
    """Return what a sweep would remove, and change nothing."""
    work = _Sweep(connections, order, time.sleep)
    scan = work.scan(order.kinds)
    going, kept = split_kept(scan.leftovers, order.keep)
    return Sweep([step.what for step in plan(going)], kept, [], scan, 1)


class _Sweep:
    """One sweep."""

    def __init__(self, connections: Connections, order: Order, sleep: t.Callable[[float], None]) -> None:
        self._connections = connections
        self._order = order
        self._sleep = sleep
        self._seen: dict[tuple[str, str, str], Leftover] = {}
        self._gone: dict[tuple[str, str, str], Leftover] = {}
        self._errors: dict[tuple[str, str, str], BaseException] = {}
        self._asked: set[tuple[str, str, str]] = set()

    def scan(self, kinds: t.Sequence[Kind]) -> Scan:
        """Look once."""
        order = self._order
        found = finder.find(self._connections, order.cluster, order.region, order.manifest, kinds)
        return narrowed(found, order.tag)

    def run(self) -> Sweep:
        """Go through rounds until nothing is left, nothing changes, or the time is over."""
        deadline = time.monotonic() + self._order.timeout
        rounds, quiet, clean = 0, 0, 0
        kinds = everything = self._order.kinds
        before: set[tuple[str, str, str]] = set()
        while True:
            going, _kept = split_kept(self.scan(kinds).leftovers, self._order.keep)
            rounds += 1
            self._note(going, kinds)
            steps, under_way = self._divide(going)
            clean = clean + 1 if kinds == everything and not steps and not under_way else 0
            self._remove([step for step in steps if step.now])
            there = {one.key for one in going}
            quiet = quiet + 1 if steps and not under_way and there == before else 0
            before = there
            if clean >= max(1, self._order.stable - 1) or quiet >= PATIENCE or time.monotonic() >= deadline:
                return self._result(rounds)
            left = {one.kind for one in going} if steps or under_way else set(BY_NAME)
            kinds = tuple(kind for kind in everything if kind.name in left)
            self._sleep(self._order.interval)

    def _divide(self, going: t.Sequence[Leftover]) -> tuple[list[Step], list[Leftover]]:
        """Return what is to be done, and what will go without another word."""
        under_way = [one for one in going if self._is_under_way(one)]
        return plan(going), under_way

    def _result(self, rounds: int) -> Sweep:
        """Look at everything once more, and say what was done and what is left."""
        scan = self.scan(self._order.kinds)
        going, kept = split_kept(scan.leftovers, self._order.keep)
        self._note(going, self._order.kinds)
        steps, under_way = self._divide(going)
        blocked = self._blocked(steps, under_way, scan, kept)
        scheduled = {one.key for one in going if one.pending and one.kind in LATER}
        return Sweep(list(self._gone.values()), kept, blocked, scan, rounds + 1, scheduled, len(self._asked))

    def _note(self, going: t.Sequence[Leftover], kinds: t.Sequence[Kind]) -> None:
        """Remember what is there, and what is there no more."""
        looked = {kind.name for kind in kinds}
        there = {one.key: one for one in going}
        for key, one in self._seen.items():
            if one.kind in looked and (key not in there or (there[key].pending and one.kind in LATER)):
                self._gone.setdefault(key, one)
        for key, one in there.items():
            if key in self._gone and not one.pending:  # EKS made a log group again, for example
                del self._gone[key]
            if not one.pending or key in self._seen:
                self._seen.setdefault(key, one)

    def _is_under_way(self, one: Leftover) -> bool:
        """Tell whether a resource will go without another word; AWS's listings lag behind what it took on."""
        asked = one.key in self._asked and one.key not in self._errors
        return one.kind not in LATER and (asked or is_going(one))

    def _remove(self, steps: t.Sequence[Step]) -> None:
        """Ask AWS to remove resources."""
        with concurrent.futures.ThreadPoolExecutor(max_workers=8) as pool:
            list(pool.map(self._try, [step.what for step in steps]))

    def _try(self, one: Leftover) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            remove(self._connections, one)
        except (BotoCoreError, ClientError) as error:
            if not is_gone(error):
                self._errors[one.key] = error
                return
        self._errors.pop(one.key, None)
        self._asked.add(one.key)

    def _blocked(
        self, steps: t.Sequence[Step], under_way: t.Sequence[Leftover], scan: Scan, kept: t.Sequence[Leftover]
    ) -> list[Json]:
        others = [*scan.foreign, *kept, *scan.kept, *scan.leftovers]
        found = []
        for step in steps:
            if step.what in under_way:
                continue
            error = self._errors.get(step.what.key)
            found.append(blockers.of_step(step, error, code_of(error) if error else "", others))
        return found + [blockers.unfinished(one, self._order.timeout) for one in under_way]


def remove(connections: Connections, one: Leftover) -> None:
    """Ask AWS to remove one resource, with what must be done to it before.

    Raises:
        ClientError: AWS refuses.
    """
    kind = BY_NAME[one.kind]
    removal = kind.removal
    if removal is None:
        raise ValueError(f"{one.kind} is never removed")
    aws = connections(kind.client)
    parameters: Json = dict(removal.parameters)
    value = str(search(removal.value, one.item)) if removal.value else one.id
    for step in removal.steps:
        parameters.update(STEPS[step](aws, one.item, one.id))
    parameters[removal.parameter] = [value] if removal.as_list else value
    if removal.parent:
        parameters[removal.parent] = one.parent
    answer = getattr(aws, removal.operation)(**parameters)
    if removal.failures:
        raise_first(search(removal.failures, answer) or [], removal.operation)
