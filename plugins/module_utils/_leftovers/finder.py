# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Look through an account for everything that belongs to one cluster.

API calls grow with pages, not with resources: every kind is listed once, and a second call for tags is made only for
items whose name contains the cluster's name.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import threading
import typing as t

from .._cluster.names import prefix_of
from .kinds import KINDS, Kind
from .membership import relation_reason, tag_reason, tags_of
from .prices import monthly_usd

# Codes that say "this does not exist (any more)" for a call about one item.
GONE = (
    "NoSuchEntity",
    "NoSuchTagSet",
    "NoSuchBucket",
    "ResourceNotFoundException",
    "NotFoundException",
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
    "LoadBalancerNotFound",
    "TargetGroupNotFound",
)


@dataclasses.dataclass
class Leftover:
    """One resource that belongs to the cluster and still exists."""

    kind: str
    id: str
    region: str
    reason: str
    name: str = ""
    monthly_usd: float | None = None
    pending: bool = False
    note: str = ""
    tags: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Scan:
    """What a scan found, what it cost, and what it could not see."""

    leftovers: list[Leftover]
    kinds_checked: list[str]
    errors: list[dict[str, str]]
    api_calls: int


class Clients(t.Protocol):
    """Makes boto3 clients by service name; a fake in unit tests."""

    def __call__(self, service: str) -> t.Any: ...


def find(
    clients: Clients,
    cluster: str,
    region: str,
    manifest: dict[str, t.Any],
    kinds: t.Sequence[Kind] = KINDS,
    workers: int = 8,
) -> Scan:
    """Scan all given kinds in parallel.

    :param manifest: ids saved while the cluster existed: vpc_ids, efs_ids, role_names, policy_arns, queue_urls,
        oidc_provider_arns, kms_key_ids (lists of strings, all optional)
    :raises: nothing for a single kind: what AWS refused stands in ``errors``, with the kind and the code
    """
    counter = _Counter()
    lock = threading.Lock()
    cache: dict[str, t.Any] = {}

    def client(service: str) -> t.Any:
        with lock:  # boto3's session is not thread-safe, its clients are
            if service not in cache:
                cache[service] = clients(service)
                counter.watch(cache[service])
            return cache[service]

    leftovers: list[Leftover] = []
    errors: list[dict[str, str]] = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=workers) as pool:
        futures = {pool.submit(_scan_kind, client, kind, cluster, region, manifest): kind for kind in kinds}
        for future in concurrent.futures.as_completed(futures):
            kind = futures[future]
            found, problem = future.result()
            leftovers.extend(found)
            if problem:
                errors.append({"kind": kind.name, "error": problem})
    order = {kind.name: index for index, kind in enumerate(kinds)}
    leftovers.sort(key=lambda item: (order[item.kind], item.id))
    refused = {error["kind"] for error in errors}
    return Scan(
        leftovers,
        [kind.name for kind in kinds if kind.name not in refused],
        sorted(errors, key=lambda e: order[e["kind"]]),
        counter.calls,
    )


def _scan_kind(
    client: Clients, kind: Kind, cluster: str, region: str, manifest: dict[str, t.Any]
) -> tuple[list[Leftover], str]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        aws = client(kind.client)
        items = _list(aws, kind)
        found = [
            _leftover(aws, kind, item, reason, tags, region)
            for item, reason, tags in _ours(aws, kind, items, cluster, manifest)
        ]
        return [item for item in found if item is not None], ""
    except (ClientError, BotoCoreError) as error:
        return [], str(error)


def _list(aws: t.Any, kind: Kind) -> list[dict[str, t.Any]]:
    import jmespath

    if aws.can_paginate(kind.operation):
        pages: t.Iterable[t.Any] = aws.get_paginator(kind.operation).paginate(**kind.parameters)
    else:
        pages = [getattr(aws, kind.operation)(**kind.parameters)]
    items: list[dict[str, t.Any]] = []
    for page in pages:
        items.extend(jmespath.search(kind.items, page) or [])
    if kind.live:
        items = [item for item in items if jmespath.search(kind.live, item)]
    return items


def _ours(
    aws: t.Any, kind: Kind, items: list[dict[str, t.Any]], cluster: str, manifest: dict[str, t.Any]
) -> t.Iterator[tuple[dict[str, t.Any], str, dict[str, str]]]:
    """The items that belong to the cluster, with the reason and their tags."""
    import jmespath

    undecided = []
    for item in items:
        tags = tags_of(jmespath.search(kind.tags, item)) if kind.tags else {}
        related = relation_reason([(key, jmespath.search(path, item)) for path, key in kind.relations], manifest)
        reason = (
            tag_reason(tags, cluster) or related or _name_reason(kind, str(jmespath.search(kind.id, item)), cluster)
        )
        if reason:
            yield item, reason, tags
        elif kind.tag_operation and prefix_of(cluster) in str(jmespath.search(kind.id, item)):
            undecided.append(item)
    for item, tags in _ask_tags(aws, kind, undecided):
        reason = tag_reason(tags, cluster)
        if reason:
            yield item, reason, tags


def _name_reason(kind: Kind, name: str, cluster: str) -> str | None:
    if name in [pattern.format(cluster=cluster) for pattern in kind.names]:
        return "name=" + name
    for pattern in kind.prefixes:
        if name.startswith(pattern.format(cluster=cluster)):
            return "name=" + pattern.format(cluster=cluster) + "*"
    return None


def _ask_tags(
    aws: t.Any, kind: Kind, items: list[dict[str, t.Any]]
) -> t.Iterator[tuple[dict[str, t.Any], dict[str, str]]]:
    import jmespath
    from botocore.exceptions import ClientError

    if not kind.tag_operation:
        return
    ask = getattr(aws, kind.tag_operation)
    if kind.tag_batch:
        for start in range(0, len(items), kind.tag_batch):
            batch = {item[kind.tag_argument]: item for item in items[start : start + kind.tag_batch]}
            answer = ask(**{kind.tag_parameter: list(batch)})
            for entry in jmespath.search(kind.tag_answer, answer) or []:
                if entry["id"] in batch:
                    yield batch[entry["id"]], tags_of(entry["tags"])
        return
    for item in items:
        try:
            answer = ask(**{kind.tag_parameter: item[kind.tag_argument]})
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in GONE:
                continue
            raise
        yield item, tags_of(jmespath.search(kind.tag_answer, answer))


def _leftover(
    aws: t.Any, kind: Kind, item: dict[str, t.Any], reason: str, tags: dict[str, str], region: str
) -> Leftover | None:
    import jmespath
    from botocore.exceptions import ClientError

    identifier = str(jmespath.search(kind.id, item))
    operation, parameter, answer = kind.detail
    if operation:
        try:
            item = jmespath.search(answer, getattr(aws, operation)(**{parameter: identifier}))
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in GONE:
                return None
            raise
    pending = bool(kind.pending and jmespath.search(kind.pending, item))
    return Leftover(
        kind=kind.name,
        id=identifier,
        region="global" if kind.is_global else region,
        reason=reason,
        name=tags.get("Name", ""),
        monthly_usd=0.0 if pending else monthly_usd(kind.name, item),
        pending=pending,
        note=kind.note,
        tags=tags,
    )


class _Counter:
    """Counts requests as they leave (retries included)."""

    def __init__(self) -> None:
        self.calls = 0
        self._lock = threading.Lock()

    def watch(self, client: t.Any) -> None:
        client.meta.events.register("before-send", self._count)

    def _count(self, **_kwargs: t.Any) -> None:
        with self._lock:
            self.calls += 1
