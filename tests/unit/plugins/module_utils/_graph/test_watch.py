# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The watch: list, resume, 410 as status and as event, an absent kind, broken connections."""

from __future__ import annotations

import queue
import time
import typing as t

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph import snapshot as kinds
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.client import KubeError
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.watch import (
    Change,
    Follower,
    Source,
    Watcher,
    events,
)

from . import world
from .fake_api import FakeApi, Response

PATH = kinds.PODS.path("x")
SOURCE = Source(kinds.PODS, "x")


def follow(api: FakeApi) -> tuple[Follower, queue.Queue[Change]]:
    changes: queue.Queue[Change] = queue.Queue()
    follower = Follower(api, SOURCE, changes)
    follower.start()
    return follower, changes


def until(condition: t.Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "nothing happened within 5 s"
        time.sleep(0.01)


def open_watch(api: FakeApi, number: int) -> Response:
    until(lambda: len(api.watches.get(PATH, [])) >= number)
    return api.watches[PATH][number - 1]


def test_list_then_changes_then_resume_where_it_was() -> None:
    api = FakeApi()
    entry = world.pod("a", "b", "c")
    api.put(kinds.PODS, "x", entry)
    follower, changes = follow(api)
    assert changes.get(timeout=5).kind == "SYNC"
    first = open_watch(api, 1)
    api.put(kinds.PODS, "x", entry)
    assert changes.get(timeout=5).kind == "SET"
    api.remove(kinds.PODS, "x", entry)
    assert changes.get(timeout=5).kind == "DELETE"
    first.send("BOOKMARK", {"metadata": {"resourceVersion": "777"}})
    first.chunks.put(None)  # the server ends the watch
    open_watch(api, 2)
    follower.stop()
    follower.join(5)
    assert not follower.is_alive()
    assert [query["resourceVersion"] for _, query in api.queries if query.get("watch")] == ["101", "777"]
    assert len([query for _, query in api.queries if "limit" in query]) == 1


def test_gone_makes_it_list_again() -> None:
    api = FakeApi()
    api.put(kinds.PODS, "x")
    follower, changes = follow(api)
    assert changes.get(timeout=5).kind == "SYNC"
    open_watch(api, 1).send("ERROR", {"code": 410, "reason": "Expired", "message": "too old resource version"})
    again = changes.get(timeout=5)
    assert again.kind == "SYNC"
    follower.stop()
    follower.join(5)


def test_an_error_is_told_and_tried_again() -> None:
    api = FakeApi()
    api.put(kinds.PODS, "x")
    api.refusals[PATH] = [KubeError("connection refused")]
    follower, changes = follow(api)
    assert changes.get(timeout=5).kind == "FAIL"
    assert changes.get(timeout=5).kind == "SYNC"
    follower.stop()
    follower.join(5)


def test_a_refusal_is_final() -> None:
    api = FakeApi()
    api.refusals[PATH] = [KubeError("forbidden", 403)]
    follower, changes = follow(api)
    assert changes.get(timeout=5).kind == "FAIL"
    follower.join(5)
    assert not follower.is_alive()


def test_an_absent_kind_is_told_once() -> None:
    follower, changes = follow(FakeApi())
    assert changes.get(timeout=5).kind == "ABSENT"
    follower.join(5)
    assert not follower.is_alive()


def test_pages() -> None:
    api = FakeApi()
    api.put(kinds.PODS, "x", world.pod("a", "b", "c"))
    pages = iter(["next", ""])
    whole = api.get

    def paged(path: str, query: t.Any = None, accept: str = "") -> t.Any:
        page = whole(path, query, accept)
        page["metadata"]["continue"] = next(pages)
        return page

    api.get = paged  # type: ignore[method-assign]
    follower, changes = follow(api)
    assert len(changes.get(timeout=5).objects) == 2
    assert [query.get("continue") for _, query in api.queries][:2] == [None, "next"]
    follower.stop()
    follower.join(5)


def test_lines_are_put_together_from_chunks() -> None:
    response = Response()
    for chunk in (b'{"type":"A","obj', b'ect":1}\n\n{"type":', b'"B","object":2}\n{"half', None):
        response.chunks.put(chunk)
    assert [event["type"] for event in events(response)] == ["A", "B"]


def test_leaving_the_watcher_ends_all_threads() -> None:
    api = FakeApi()
    api.put(kinds.PODS, "x")
    started = time.monotonic()
    with Watcher(api, [SOURCE]) as watcher:
        assert [change.kind for change in watcher.changes(5.0)] == ["SYNC"]
        open_watch(api, 1)
        assert watcher.changes(0.05) == []
    assert time.monotonic() - started < 2.0
    assert all(not follower.is_alive() for follower in watcher._followers)
