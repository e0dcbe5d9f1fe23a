# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Asking AWS about one kind: its listing, its tags, its details. Nothing here says whose a resource is."""

from __future__ import annotations

import collections
import contextlib
import threading
import typing as t

from .actions import action
from .kind import Detail, Json, Kind, Tagging
from .membership import tags_of

# Codes that say "this does not exist (any more)" for a call about one item.
GONE = (
    "NoSuchEntity",
    "NoSuchTagSet",
    "NoSuchBucket",
    "NoSuchHostedZone",
    "NoSuchUpload",
    "ResourceNotFoundException",
    "ResourceNotFound",
    "NotFoundException",
    "RepositoryNotFoundException",
    "TemplateNotFoundException",
    "PullThroughCacheRuleNotFoundException",
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
    "LoadBalancerNotFound",
    "TargetGroupNotFound",
    "FileSystemNotFound",
    "MountTargetNotFound",
    "AccessPointNotFound",
    "InvalidResourceId",
    "ParameterNotFound",
)


class Clients(t.Protocol):
    """Makes boto3 clients by service name; a fake in unit tests."""

    def __call__(self, service: str) -> t.Any: ...


class Connections:
    """Clients of one account, made once each, and the count of what they send."""

    def __init__(self, clients: Clients) -> None:
        self._make = clients
        self._made: dict[str, t.Any] = {}
        self._lock = threading.Lock()
        self.calls: collections.Counter[str] = collections.Counter()

    def __call__(self, service: str) -> t.Any:
        """Return the client of a service."""
        with self._lock:  # boto3's session is not safe for threads, its clients are
            if service not in self._made:
                client = self._make(service)
                client.meta.events.register("before-send", self._counter(service))
                self._made[service] = client
            return self._made[service]

    def _counter(self, service: str) -> t.Callable[..., None]:
        def count(**_kwargs: t.Any) -> None:
            with self._lock:
                self.calls[service] += 1

        return count


def code_of(error: BaseException) -> str:
    """Return AWS's word for a failure, or botocore's."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code") or type(error).__name__)


def is_gone(error: BaseException) -> bool:
    """Tell whether a failure says that the resource does not exist."""
    code = code_of(error)
    return code in GONE or (code.startswith("Invalid") and code.endswith((".NotFound", "NotFoundException")))


def search(expression: str, item: t.Any) -> t.Any:
    """Evaluate a JMESPath expression; an empty one gives None."""
    import jmespath

    return jmespath.search(expression, item) if expression else None


def fill(value: t.Any, names: t.Mapping[str, str]) -> t.Any:
    """Return parameters with ``{parent}`` and ``{cluster}`` filled in, however deep they stand."""
    if isinstance(value, dict):
        return {key: fill(one, names) for key, one in value.items()}
    if isinstance(value, list):
        return [fill(one, names) for one in value]
    return value.format(**names) if isinstance(value, str) else value


def listing(aws: t.Any, kind: Kind, cluster: str, parent: str = "") -> list[Json]:
    """Return what there is of a kind, of one parent if it has parents."""
    parameters = fill(kind.parameters, {"cluster": cluster, "parent": parent})
    if aws.can_paginate(kind.operation):
        sizes = {"PaginationConfig": {"PageSize": kind.page}} if kind.page else {}
        pages: t.Iterable[t.Any] = aws.get_paginator(kind.operation).paginate(**parameters, **sizes)
    else:
        pages = [getattr(aws, kind.operation)(**parameters)]
    items = [item for page in pages for item in search(kind.items, page) or []]
    return [item for item in items if not kind.live or search(kind.live, item)]


def ask_tags(aws: t.Any, tagging: Tagging, items: t.Sequence[Json]) -> t.Iterator[tuple[Json, dict[str, str]]]:
    """Ask for the tags of items; those that are gone meanwhile are left out."""
    ask = getattr(aws, tagging.operation)
    named = [(_argument(tagging, item), item) for item in items]
    if tagging.batch:
        for start in range(0, len(named), tagging.batch):
            batch = dict(named[start : start + tagging.batch])
            answer = ask(**{tagging.parameter: list(batch)}, **tagging.parameters)
            for entry in search(tagging.answer, answer) or []:
                if entry["id"] in batch:
                    yield batch[entry["id"]], tags_of(entry["tags"])
        return
    for argument, item in named:
        try:
            answer = ask(**{tagging.parameter: argument}, **tagging.parameters)
        except Exception as error:
            if code_of(error) == "NoSuchTagSet":
                yield item, {}
            elif not is_gone(error):
                raise
            continue
        yield item, tags_of(search(tagging.answer, answer))


def _argument(tagging: Tagging, item: Json) -> str:
    found = str(search(tagging.argument, item))
    return found.rpartition("/")[2] if tagging.short else found


def complete(aws: t.Any, detail: Detail, identifier: str, parent: str) -> Json | None:
    """Return the complete item; None when it is gone."""
    parameters = {detail.parameter: identifier, **({detail.parent: parent} if detail.parent else {})}
    try:
        return dict(search(detail.answer, getattr(aws, detail.operation)(**parameters)))
    except Exception as error:
        if is_gone(error):
            return None
        raise


def tag_index(connections: Clients, cluster: str) -> set[str]:
    """Return ARNs of what carries one of the cluster's tags, as far as AWS's index of tags knows.

    The index is eventually consistent, leaves kinds out and holds what was deleted: it only says whose tags to ask for.
    """
    aws = connections("resourcegroupstaggingapi")
    found: set[str] = set()
    for wanted in (
        {"Key": "Cluster", "Values": [cluster]},
        {"Key": "Blueprint", "Values": [cluster]},
        {"Key": "elbv2.k8s.aws/cluster", "Values": [cluster]},
        {"Key": f"kubernetes.io/cluster/{cluster}", "Values": ["owned"]},
    ):
        for page in aws.get_paginator("get_resources").paginate(TagFilters=[wanted], ResourcesPerPage=100):
            found.update(entry["ResourceARN"] for entry in page["ResourceTagMappingList"])
    return found


def in_index(identifier: str, index: t.Iterable[str]) -> bool:
    """Tell whether an index of ARNs holds an id, which is an ARN itself or the end of one."""
    end = identifier.rpartition("/")[2] if "://" in identifier else identifier
    ends = (f":{end}", f"/{end.lstrip('/')}")
    return any(arn == identifier or arn.endswith(ends) for arn in index)


@contextlib.contextmanager
def noting(kind: Kind, problems: list[Json]) -> t.Iterator[None]:
    """Turn AWS's refusal into a problem of a kind."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (ClientError, BotoCoreError) as error:
        problems.append(problem(kind.name, kind.client, error))


def problem(kind: str, service: str, error: BaseException) -> Json:
    """Return what is reported of a kind that could not be read."""
    code = code_of(error)
    denied = any(word in code for word in ("AccessDenied", "Unauthorized", "NotAuthorized"))
    operation = str(getattr(error, "operation_name", "") or "")
    return {"kind": kind, "error": str(error), "code": code, "denied": denied, "action": action(service, operation)}
