# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Follow whole collections of objects by watch: list once, then only changes, until told to stop.

Kubernetes' rules that this module keeps (API concepts, "Efficient detection of changes"): a watch starts at the
resourceVersion of a list; bookmarks move that version on; 410 Gone, as HTTP status or as an ERROR event, means that the
version is too old and the list must be read again; a server may end a watch at any time.
"""

from __future__ import annotations

import json
import queue
import random
import threading
import time
import typing as t
from dataclasses import dataclass

from .client import Client, Json, KubeError, Resource

# A server ends a watch by itself after this many seconds; bookmarks come about once a minute, so a longer silence means
# a dead connection.
WATCH_SECONDS = 300
SILENCE_SECONDS = 90.0
PAGE = 500
BACKOFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)


@dataclass(frozen=True)
class Source:
    """What to follow: all objects of a kind in a namespace ("" for the whole cluster)."""

    resource: Resource
    namespace: str = ""
    field_selector: str = ""
    label_selector: str = ""

    def query(self) -> dict[str, t.Any]:
        """Return the selectors as URL query."""
        chosen = {"fieldSelector": self.field_selector, "labelSelector": self.label_selector}
        return {key: value for key, value in chosen.items() if value}


@dataclass(frozen=True)
class Change:
    """One message of a follower.

    `kind` is SYNC (objects = the complete collection), SET or DELETE (objects = one object), ABSENT (the kind is not
    installed), or FAIL (error = why; the follower goes on trying unless the error is a refusal, 401 or 403).
    """

    source: Source
    kind: str
    objects: tuple[Json, ...] = ()
    error: KubeError | None = None


class Follower(threading.Thread):
    """Follow one source and put every change on a queue."""

    def __init__(self, client: Client, source: Source, changes: queue.Queue[Change]) -> None:
        super().__init__(name=f"watch-{source.resource.plural}", daemon=True)
        self._client = client
        self._source = source
        self._changes = changes
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._response: t.Any = None

    def stop(self) -> None:
        """End the follower soon; also wakes it from a blocked read."""
        self._stopping.set()
        with self._lock:
            _shut(self._response)

    def run(self) -> None:
        """List, watch, and begin again whenever the server asks for it."""
        failures = 0
        version = ""
        while not self._stopping.is_set():
            try:
                if not version:
                    version = self._list()
                    failures = 0
                if not version:
                    return  # the kind is not installed
                version = self._watch(version)
                failures = 0
            except KubeError as error:
                if self._stopping.is_set():
                    return
                if error.status == 410:
                    version = ""
                    continue
                self._put("FAIL", error=error)
                if error.status in (401, 403):
                    return
                if error.status == 404:
                    version = ""  # the kind was removed while we watched
                pause = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]
                failures += 1
                # Jitter keeps several followers from knocking on a recovering API server at once.
                self._stopping.wait(pause * (1 + random.random() / 4))  # noqa: S311  # not for cryptography

    def _put(self, kind: str, objects: t.Iterable[Json] = (), error: KubeError | None = None) -> None:
        self._changes.put(Change(self._source, kind, tuple(objects), error))

    def _list(self) -> str:
        """Report the whole collection; return its resourceVersion, "" when the kind does not exist."""
        path = self._source.resource.path(self._source.namespace)
        found: list[Json] = []
        token = ""
        while True:
            query = {**self._source.query(), "limit": PAGE, **({"continue": token} if token else {})}
            try:
                page = self._client.get(path, query)
            except KubeError as error:
                if error.status == 404:
                    self._put("ABSENT")
                    return ""
                raise
            found += page.get("items") or []
            token = str(page["metadata"].get("continue") or "")
            if not token:
                self._put("SYNC", found)
                return str(page["metadata"]["resourceVersion"])

    def _watch(self, version: str) -> str:
        """Report changes after `version` until the server ends the watch; return the version to go on from."""
        query = {
            **self._source.query(),
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": WATCH_SECONDS,
        }
        response = self._client.stream(self._source.resource.path(self._source.namespace), query, SILENCE_SECONDS)
        with self._lock:
            self._response = response
        try:
            for event in events(response):
                if self._stopping.is_set():
                    break
                entry = event["object"]
                if event["type"] == "ERROR":
                    raise KubeError(
                        f"Failed to watch {self._source.resource.plural}: {entry.get('message', entry)}",
                        int(entry.get("code") or 0),
                        str(entry.get("reason") or ""),
                    )
                version = str(entry["metadata"]["resourceVersion"])
                if event["type"] in ("ADDED", "MODIFIED"):
                    self._put("SET", [entry])
                elif event["type"] == "DELETED":
                    self._put("DELETE", [entry])
        finally:
            with self._lock:
                self._response = None
            response.close()
        return version


def events(response: t.Any) -> t.Iterator[Json]:
    """Yield the JSON lines of a watch response; a broken or silent connection simply ends the iteration.

    The caller then resumes from the last resourceVersion, so nothing is lost by treating both alike.
    """
    from urllib3.exceptions import HTTPError

    rest = b""
    try:
        for chunk in response.stream(amt=None, decode_content=True):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if line.strip():
                    yield json.loads(line)
    except (HTTPError, OSError, ValueError, AttributeError):
        # AttributeError: urllib3 loses its file object when another thread shuts the socket.
        return


class Watcher:
    """Follow several sources at once and hand out their changes as one sequence."""

    def __init__(self, client: Client, sources: t.Iterable[Source]) -> None:
        self._changes: queue.Queue[Change] = queue.Queue()
        self._followers = [Follower(client, source, self._changes) for source in sources]

    def __enter__(self) -> Watcher:
        for follower in self._followers:
            follower.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        for follower in self._followers:
            follower.stop()
        for follower in self._followers:
            follower.join(timeout=2.0)

    def changes(self, seconds: float) -> list[Change]:
        """Wait at most `seconds` for a change; return all that are there then (perhaps none)."""
        deadline = time.monotonic() + max(0.0, seconds)
        found: list[Change] = []
        try:
            found.append(self._changes.get(timeout=max(0.0, deadline - time.monotonic())))
            while True:
                found.append(self._changes.get_nowait())
        except queue.Empty:
            return found


def _shut(response: t.Any) -> None:
    """Wake a thread that reads `response`. Closing alone would wait for that very read."""
    if response is None:
        return
    if hasattr(response, "shutdown"):  # urllib3 >= 2.3
        try:
            response.shutdown()
        except (ValueError, RuntimeError, OSError):
            return  # already read to its end
        return
    connection = getattr(response, "_connection", None)
    sock = getattr(connection, "sock", None)
    if sock is not None:
        import socket

        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # already closed
