# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The table of checks: result, what was seen, and what a check has to show beyond a line."""

from __future__ import annotations

import typing as t

from .html import MARKS, NONE, e, number, shown, state, table

Json = dict[str, t.Any]


def checks(found: t.Sequence[Json]) -> str:
    """One row per check, in the order in which they were made."""
    rows = "".join(
        f"<tr class='{check['result']}'><th scope='row'>{e(check['label'])}{kind(check)}</th>"
        f"<td>{state(check['result'])}</td><td class='n'>{number(check['seconds'])}</td>"
        f"<td>{seen(check)}{more(check)}</td></tr>\n"
        for check in found
    )
    head = (
        "<thead><tr><th scope='col'>check</th><th scope='col'>result</th><th scope='col' class='n'>took, s</th>"
        "<th scope='col'>what was seen</th></tr></thead>"
    )
    return f"<div class='wide'><table class='checks'>{head}<tbody>\n{rows}</tbody></table></div>" if found else ""


def kind(check: Json) -> str:
    """The check's name where its label is another."""
    return "" if check["name"] == check["label"] else f"<small>{e(check['name'])}</small>"


def seen(check: Json) -> str:
    """Why, and what was seen."""
    said = [f"<p class='why'><bdi>{e(check['reason'])}</bdi></p>"] if check["reason"] else []
    if check["details"].get("cases"):
        # The table below has them one by one.
        kinds = [case["result"] for case in check["details"]["cases"]]
        done = {kind: kinds.count(kind) for kind in MARKS if kind in kinds}
        said.append(f"<p>{e(', '.join(f'{count} {kind}' for kind, count in done.items()))}</p>")
    elif check["evidence"]:
        said.append(f"<p><bdi>{e(check['evidence'])}</bdi></p>")
    return "".join(said)


def more(check: Json) -> str:
    """The details of a check as a small table."""
    show = DETAILS.get(check["name"])
    return show(check["details"]) if show and check["details"] else ""


def cases(details: Json) -> str:
    """Bad requests, and what they got."""
    rows = [
        [
            e(case["name"]),
            state(case["result"]),
            e(case["status"] or NONE),
            f"<bdi>{e(case['reason'] or case['evidence'])}</bdi>",
        ]
        for case in details.get("cases") or []
    ]
    return table(["bad request", "result", "#status", "answer"], rows, "small") if rows else ""


def counters(details: Json) -> str:
    """Counters before and after."""
    rows = [
        [f"<span class='id'>{e(row['family'])}</span>"]
        + [whole(row.get(key)) for key in ("before", "after", "expected")]
        for row in details.values()
        if isinstance(row, dict) and "family" in row
    ]
    return table(["counter", "#before", "#after", "#sent and got"], rows, "small") if rows else ""


def whole(value: float | None) -> str:
    """A count."""
    return NONE if value is None else f"{value:,.0f}"


def shares(details: Json) -> str:
    """How many requests each worker answered, as bars."""
    workers = details.get("workers") or {}
    most = max(workers.values(), default=0) or 1
    rows = "".join(
        f"<li><span class='id'>{e(name)}</span>"
        f"<span class='track'><i style='width:{100 * count / most:.1f}%'></i></span><b>{count}</b></li>"
        for name, count in workers.items()
    )
    return f"<ul class='shares' aria-label='requests by worker'>{rows}</ul>" if rows else ""


def workers(details: Json) -> str:
    """Health and metrics of workers."""
    rows = [
        [
            f"<span class='id'>{e(entry['name'])}</span>",
            e(entry["health"] or NONE),
            str(len(entry["families"])),
            whole(entry["requests"]),
        ]
        for entry in details.get("workers") or []
    ]
    return table(["worker", "#health", "#families", "#requests"], rows, "small") if rows else ""


def targets(details: Json) -> str:
    """What Prometheus says of the pods."""
    rows = [
        [
            f"<span class='id'>{e(entry['pod'])}</span>",
            state("passed" if entry["up"] else "failed", "up" if entry["up"] else "down"),
            e(entry["job"]),
        ]
        for entry in details.get("targets") or []
    ]
    return table(["pod", "target", "job"], rows, "small") if rows else ""


def settling(details: Json) -> str:
    """The gauge of running requests around a client that hung up."""
    if details.get("after") is None:
        return ""
    names = ("before", "during", "after")
    cells = [f"<span class='id'>{e(details['family'])}</span>", *(whole(details[name]) for name in names)]
    return table(
        ["gauge", "#before", "#while it ran", "#after", "#s to settle"],
        [[*cells, shown(details["seconds_to_settle"])]],
        "small",
    )


DETAILS: dict[str, t.Callable[[Json], str]] = {
    "errors": cases,
    "metrics": counters,
    "cancel": settling,
    "prefix_affinity": shares,
    "spread": shares,
    "disaggregation": shares,
    "worker_metrics": workers,
    "prometheus": targets,
}
