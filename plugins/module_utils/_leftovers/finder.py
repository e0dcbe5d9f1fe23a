# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Look through an account for everything that belongs to one cluster.

API calls grow with pages, not with resources: every kind is listed once, and further calls are made only for items that
are the cluster's, or whose name or tags say that they may be.
"""

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
import typing as t

from .asking import (
    Clients,
    Connections,
    ask_tags,
    complete,
    in_index,
    listing,
    noting,
    problem,
    search,
    tag_index,
)
from .kind import Json, Kind
from .kinds import KINDS, with_needed
from .membership import Owner, Verdict, judge, tags_of

STATE_NOTE = "keeps Terraform's state; never deleted by this collection"
# The index of tags helps to find things; without it, those whose names do not hold the cluster's are not found by tag.
INDEX = "tag_index"


@dataclasses.dataclass
class Leftover:
    """One resource that belongs to the cluster, or is in its way, and still exists.

    Attributes:
        item: what AWS said of it.
        parent: the value of what it is a part of.
    """

    kind: str
    id: str
    region: str
    reason: str
    name: str = ""
    monthly_usd: float | None = None
    pending: bool = False
    note: str = ""
    tags: dict[str, str] = dataclasses.field(default_factory=dict)
    owned: bool = True
    parent: str = ""
    item: Json = dataclasses.field(default_factory=dict, repr=False)

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from all others."""
        return (self.kind, self.parent, self.id)

    def result(self) -> Json:
        """Return it for a module's result."""
        return {name: value for name, value in vars(self).items() if name != "item"}


@dataclasses.dataclass
class Scan:
    """What a scan found, what it cost, and what it could not see.

    Attributes:
        leftovers: what is the cluster's.
        foreign: what is somebody else's and in the way.
        kept: what is reported and never deleted.
        kinds_checked: kinds that could be read.
        errors: kinds that could not.
        calls: requests by service.
    """

    leftovers: list[Leftover]
    foreign: list[Leftover]
    kept: list[Leftover]
    kinds_checked: list[str]
    errors: list[Json]
    calls: collections.Counter[str]

    @property
    def api_calls(self) -> int:
        """Number of requests, repetitions included."""
        return sum(self.calls.values())


def find(
    clients: Clients,
    cluster: str,
    region: str,
    manifest: t.Mapping[str, t.Any],
    kinds: t.Sequence[Kind] = KINDS,
    workers: int = 8,
) -> Scan:
    """Scan all given kinds in parallel.

    Args:
        clients: makes boto3 clients.
        cluster: name of the cluster.
        region: where it is.
        manifest: ids saved while the cluster existed (see the module cluster_leftovers_info), all optional.
        kinds: what to look for.
        workers: calls at a time.
    """
    return _Search(clients, Owner(cluster, region, manifest), kinds, workers).scan()


class _Search:
    """One look through the account."""

    def __init__(self, clients: Clients, owner: Owner, kinds: t.Sequence[Kind], workers: int) -> None:
        self._connections = clients if isinstance(clients, Connections) else Connections(clients)
        self._before = self._connections.calls.copy()
        self._owner = owner
        self._wanted = list(kinds)
        self._kinds = with_needed(kinds)
        self._workers = workers
        self._listed: dict[str, list[Json]] = {}
        self._index: set[str] = set()
        self._found: list[Leftover] = []
        self._problems: list[Json] = []
        self._skipped: set[str] = set()

    def scan(self) -> Scan:
        """Look."""
        with concurrent.futures.ThreadPoolExecutor(max_workers=self._workers) as pool:
            index = pool.submit(self._read_index) if any(kind.tagging for kind in self._kinds) else None
            list(pool.map(self._read, [kind for kind in self._kinds if not kind.parent[0]]))
            if index:
                index.result()
            done: set[str] = set()
            while len(done) < len(self._kinds):
                ready = [kind for kind in self._kinds if kind.name not in done and kind.needs() <= done]
                for found in pool.map(self._sort, ready):
                    self._found += found
                for kind in ready:
                    self._tell(kind)
                    done.add(kind.name)
        return self._result()

    def _read_index(self) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._index = tag_index(self._connections, self._owner.cluster)
        except (BotoCoreError, ClientError) as error:
            self._problems.append(problem(INDEX, "resourcegroupstaggingapi", error))

    def _read(self, kind: Kind, parent: str = "") -> None:
        from botocore.exceptions import UnknownServiceError

        with noting(kind, self._problems):
            try:
                items = listing(self._connections(kind.client), kind, self._owner.cluster, parent)
            except UnknownServiceError:  # an older boto3, or a region without the service: nothing of it can be there
                self._skipped.add(kind.name)
                return
            self._listed.setdefault(kind.name, []).extend({**item, "_parent": parent} for item in items)

    def _sort(self, kind: Kind) -> list[Leftover]:
        """Return those of a kind that are the cluster's or in its way."""
        for parent in self._parents(kind):
            self._read(kind, parent)
        items = self._listed.get(kind.name, [])
        if not kind.tagging:
            return self._judged(kind, [(item, tags_of(search(kind.tags, item))) for item in items])
        asked = [item for item in items if self._is_candidate(kind, item)]
        tagged: list[tuple[Json, dict[str, str]]] = []
        with noting(kind, self._problems):
            if asked:
                tagged += ask_tags(self._connections(kind.client), kind.tagging, asked)
        return self._judged(kind, tagged)

    def _parents(self, kind: Kind) -> list[str]:
        if not kind.parent[0]:
            return []
        found = list(self._owner.saved("@" + ":".join(kind.parent)))
        account = str(self._owner.manifest.get("account") or "")
        if kind.saved[0] and account:
            places = {"region": self._owner.region, "account": account}
            found += [kind.saved[1].format(id=one, **places) for one in self._owner.manifest.get(kind.saved[0]) or []]
        return sorted(set(found))

    def _is_candidate(self, kind: Kind, item: Json) -> bool:
        identifier = str(search(kind.id, item))
        if "{cluster}" in str(kind.parameters):  # what AWS was asked for by the cluster's tag
            return True
        related = any(self._owner.saved(key) & _texts(search(path, item)) for path, key in kind.relations)
        saved = identifier in self._owner.saved(kind.identity)
        return related or saved or self._owner.named_in(identifier) or in_index(identifier, self._index)

    def _judged(self, kind: Kind, tagged: t.Iterable[tuple[Json, dict[str, str]]]) -> list[Leftover]:
        found = []
        for item, tags in tagged:
            identifier = str(search(kind.id, item))
            parent = item["_parent"]
            verdict = judge(kind, item, identifier, tags, self._owner, f"{kind.parent[0]}={parent}" if parent else "")
            if verdict is not None:
                with noting(kind, self._problems):
                    found += self._leftover(kind, item, identifier, tags, verdict)
        return found

    def _leftover(
        self, kind: Kind, item: Json, identifier: str, tags: dict[str, str], verdict: Verdict
    ) -> list[Leftover]:
        """Return what is reported of an item; nothing when it is gone meanwhile."""
        parent = item["_parent"]
        if kind.detail and verdict.owned:
            whole = complete(self._connections(kind.client), kind.detail, identifier, parent)
            if whole is None:
                return []
            item = {**whole, "_parent": parent}
            tags = tags or tags_of(search(kind.tags, item))
        return [
            Leftover(
                kind=kind.name,
                id=identifier,
                region="global" if kind.is_global else self._owner.region,
                reason=verdict.reason,
                name=tags.get("Name", ""),
                pending=bool(search(kind.pending, item)),
                note=kind.note,
                tags=tags,
                owned=verdict.owned,
                parent=parent,
                item=item,
            )
        ]

    def _tell(self, kind: Kind) -> None:
        """Let other kinds know what of a kind is the cluster's."""
        ours = [one for one in self._found if one.kind == kind.name and one.owned]
        self._owner.found[f"@{kind.name}"] = {one.id for one in ours}
        paths = {key for other in self._kinds for _path, key in other.relations if key.startswith(f"@{kind.name}:")}
        paths |= {"@" + ":".join(other.parent) for other in self._kinds if other.parent[0] == kind.name}
        for path in paths:
            self._owner.found[path] = {
                text for one in ours for text in _texts(search(path.partition(":")[2], one.item))
            }

    def _result(self) -> Scan:
        order = {kind.name: index for index, kind in enumerate(self._wanted)}
        found = sorted(
            (one for one in self._found if one.kind in order), key=lambda one: (order[one.kind], one.parent, one.id)
        )
        never = {kind.name for kind in self._kinds if kind.removal is None}
        refused = {error["kind"] for error in self._problems}
        states = self._state_buckets(order)
        state_names = {one.id for one in states}
        going = [one for one in found if one.kind not in never and one.id not in state_names]
        return Scan(
            [one for one in going if one.owned],
            [one for one in going if not one.owned],
            [one for one in found if one.kind in never] + states,
            [kind.name for kind in self._wanted if kind.name not in refused | self._skipped],
            sorted(self._problems, key=lambda error: order.get(error["kind"], -1)),
            self._connections.calls - self._before,
        )

    def _state_buckets(self, order: t.Mapping[str, int]) -> list[Leftover]:
        saved = self._owner.saved("state_buckets")
        there = [str(item["Name"]) for item in self._listed.get("s3_bucket", [])] if "s3_bucket" in order else []
        return [
            Leftover("s3_bucket", name, self._owner.region, f"state_buckets={name}", note=STATE_NOTE, owned=False)
            for name in there
            if name in saved
        ]


def _texts(found: t.Any) -> set[str]:
    return {str(one) for one in (found if isinstance(found, (list, tuple)) else [found]) if one}
