# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Clients of boto3 for looking and sweeping, and looking again until the account says the same for long enough."""

from __future__ import annotations

import time
import typing as t

from . import finder, prices
from .asking import Connections
from .kind import Json, Kind
from .kinds import KINDS

# AWS has these in some regions only, and an unknown host would be tried for minutes.
_NOT_EVERYWHERE = ("amp", "grafana", "s3files", "fsx", "backup")
_PRICING_REGION = "us-east-1"


def connect(region: str) -> Connections:
    """Return clients that send no more than AWS takes: a bounded number at a time, slower after a refusal."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import UnknownServiceError

    session = boto3.session.Session(region_name=region)
    config = Config(
        connect_timeout=10, read_timeout=60, retries={"mode": "adaptive", "max_attempts": 8}, max_pool_connections=16
    )

    def client(service: str) -> t.Any:
        if service in _NOT_EVERYWHERE and not _is_in(session, service, region):
            raise UnknownServiceError(service_name=service, known_service_names=f"those of {region}")
        return session.client(service, config=config, region_name=_PRICING_REGION if service == "pricing" else region)

    return Connections(client)


def _is_in(session: t.Any, service: str, region: str) -> bool:
    """Tell whether a service is in a region; what boto3 does not know is tried."""
    from botocore.exceptions import UnknownRegionError

    try:
        partition = session.get_partition_for_region(region)
    except UnknownRegionError:
        return True
    regions = session.get_available_regions(service, partition_name=partition)
    return not regions or region in regions


def carries(tags: t.Mapping[str, str], wanted: str) -> bool:
    """Tell whether a resource carries a tag, given as key or as key=value; an empty one is carried by all."""
    key, equals, value = wanted.partition("=")
    return not wanted or (key in tags and (not equals or tags[key] == value))


def narrowed(scan: finder.Scan, tag: str) -> finder.Scan:
    """Return a scan with only what carries a tag."""
    if tag:
        scan.leftovers = [one for one in scan.leftovers if carries(one.tags, tag)]
        scan.foreign = []
        scan.kept = [one for one in scan.kept if carries(one.tags, tag)]
    return scan


def look(
    connections: Connections, parameters: t.Mapping[str, t.Any], kinds: t.Sequence[Kind] = KINDS
) -> tuple[finder.Scan, int, bool]:
    """Scan until nothing is left for long enough, or the time is over.

    Args:
        connections: clients.
        parameters: those of the module.
        kinds: what to look for.

    Returns:
        The last scan, the number of scans, and whether as many as asked for agreed that nothing is left.
    """
    deadline = time.monotonic() + parameters["wait_timeout"]
    scans, clean = 0, 0
    while True:
        found = finder.find(
            connections, parameters["cluster_name"], parameters["region"], parameters["manifest"], kinds
        )
        scan = narrowed(found, parameters["with_tag"])
        scans += 1
        clean = 0 if any(not one.pending for one in scan.leftovers) else clean + 1
        if clean >= parameters["stable_polls"] or time.monotonic() >= deadline:
            return scan, scans, clean >= parameters["stable_polls"]
        time.sleep(parameters["poll_interval"])


def priced(connections: Connections, region: str, found: t.Sequence[finder.Leftover], ask: bool) -> list[str]:
    """Put prices on what was found; return what AWS gave the price of."""
    answered = prices.ask(connections, region, found) if ask and found else prices.TABLE
    prices.put_on(found, answered)
    return sorted({*answered.instances, *answered.products})


def total(found: t.Iterable[finder.Leftover]) -> float:
    """Return the sum of the known monthly prices."""
    return round(sum(one.monthly_usd or 0 for one in found), 2)


def results(found: t.Iterable[finder.Leftover]) -> list[Json]:
    """Return resources for a module's result."""
    return [one.result() for one in found]
