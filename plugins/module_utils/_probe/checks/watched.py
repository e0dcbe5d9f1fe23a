# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Are the pods watched: every pod that has metrics is a target of Prometheus, and the target is up."""

from __future__ import annotations

import json
import typing as t
from urllib.parse import urlencode

from ..errors import ProbeError
from ..session import Failed, Session, Skipped, Spec
from ..target import url_target
from ..transport import Client
from .check import Check, Option

PAUSE = 2.0
# More reasons than these help nobody.
SHOWN = 3

Target = dict[str, t.Any]


def prometheus(session: Session, spec: Spec) -> str:
    """Every pod is scraped: a new one only after Prometheus has found it, so there is a time to settle."""
    if session.cluster is None:
        raise Failed("which pods to look for is known in a cluster only: give kubeconfig, context and namespace")
    try:
        pods = session.cluster.ready_pods(spec["selector"])
        client = client_of(session, spec)
    except ProbeError as error:
        raise Failed(str(error)) from error
    if not pods:
        raise Skipped(f"no ready pod has the labels {spec['selector']}: nothing is to be scraped")
    until = session.clock() + spec["settle"]
    last = ""
    while True:
        try:
            found = targets(client, session, pods)
            session.details["targets"] = found
            last = faults(found, pods)
        except ProbeError as error:
            last = str(error)
        if not last:
            jobs = sorted({entry["job"] for entry in found})
            return f"{len(pods)} of {len(pods)} pods are targets that are up, in {', '.join(jobs)}"
        left = until - session.clock()
        if left <= 0:
            raise Failed(f"after {spec['settle']:g} s: {last}{reasons(client, session, pods)}")
        session.progress.waiting("prometheus", last, left)
        session.sleep(min(PAUSE, left))


def client_of(session: Session, spec: Spec) -> Client:
    """Prometheus. Raises Skipped where there is none, ProbeError when it cannot be looked for."""
    if spec["url"]:
        return Client(url_target(spec["url"]))
    if session.cluster is None or not spec["service"]:
        raise Skipped("where Prometheus is is not known: set service, or url")
    found = session.cluster.service(spec["namespace"], spec["service"], spec["port"])
    if found is None:
        place = f"{spec['namespace']}/{spec['service']}" if spec["namespace"] else spec["service"]
        raise Skipped(f"no Prometheus is installed: there is no Service {place}")
    return found


def ask(client: Client, session: Session, path: str, **query: str) -> t.Any:
    """Data of an answer of Prometheus. Raises ProbeError."""
    answer = client.request("GET", f"{path}?{urlencode(query)}", timeout=session.request_timeout)
    if answer.status != 200:
        raise ProbeError(f"Prometheus answered {answer.summary()}")
    document = answer.json()
    if not isinstance(document, dict) or document.get("status") != "success":
        raise ProbeError(f"Prometheus answered {answer.summary()}")
    return document["data"]


def targets(client: Client, session: Session, pods: t.Sequence[str]) -> list[Target]:
    """The series `up` of the pods. Raises ProbeError."""
    # Names of pods hold nothing that a regular expression would read otherwise but dots, which match themselves too.
    data = ask(client, session, "/api/v1/query", query=f'up{{pod=~"{"|".join(pods)}"}}')
    rows = data.get("result") if isinstance(data, dict) else None
    if not isinstance(rows, list):
        raise ProbeError(f"Prometheus answered {json.dumps(data)[:80]} to a query")
    found = []
    for row in rows:
        labels = row["metric"]
        found.append({"pod": str(labels.get("pod")), "job": str(labels.get("job")), "up": row["value"][1] == "1"})
    return sorted(found, key=lambda entry: (entry["pod"], entry["job"]))


def faults(found: t.Sequence[Target], pods: t.Sequence[str]) -> str:
    """What is wrong with the targets; "" when nothing is."""
    known = {entry["pod"] for entry in found}
    missing = [pod for pod in pods if pod not in known]
    down = [f"{entry['pod']} ({entry['job']})" for entry in found if not entry["up"]]
    said = []
    if missing:
        said.append(f"{len(missing)} of {len(pods)} pods are no target: {', '.join(missing[:SHOWN])}")
    if down:
        said.append(f"{len(down)} targets are down: {', '.join(down[:SHOWN])}")
    return "; ".join(said)


def reasons(client: Client, session: Session, pods: t.Sequence[str]) -> str:
    """What Prometheus says about targets that are down."""
    try:
        data = ask(client, session, "/api/v1/targets", state="active")
    except ProbeError:
        return ""
    active = data.get("activeTargets") if isinstance(data, dict) else None
    said = {
        str(entry["lastError"])
        for entry in active or []
        if entry.get("lastError") and (entry.get("labels") or {}).get("pod") in pods
    }
    return "".join(f". Prometheus says: {text}" for text in sorted(said)[:SHOWN])


CHECKS: dict[str, Check] = {
    "prometheus": Check(
        prometheus,
        "GET /api/v1/query to Prometheus",
        options={
            "selector": Option(""),
            "namespace": Option(""),
            "service": Option("prometheus"),
            "port": Option("9090"),
            "url": Option(""),
            "settle": Option(60.0, float, 0),
        },
        endpoint=False,
    ),
}
