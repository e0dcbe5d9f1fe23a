# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What was said, and the times of single requests."""

from __future__ import annotations

import json
import typing as t

from .html import e, number, shown, table

Json = dict[str, t.Any]
ROWS = 60
PEOPLE = {"user": "asked", "assistant": "answered", "tool": "the tool said", "system": "told"}


def transcript(report: Json) -> str:
    """Conversations in the order in which they were had; the first answer where there is none."""
    talks = "".join(conversation(talk) for talk in report["transcript"])
    if talks or not report["answer"]:
        return talks
    return message({"role": "assistant", "content": report["answer"]})


def conversation(talk: Json) -> str:
    """One conversation."""
    said = "".join(message(entry) for entry in talk["messages"])
    return f"<div class='talk'><h4>{e(talk['check'])}</h4>{said}</div>"


def message(entry: Json) -> str:
    """One message, with what the model thought and which tools it called."""
    role = str(entry.get("role") or "")
    parts = []
    if entry.get("reasoning"):
        parts.append(f"<p class='thought'><b>thought</b> <bdi>{e(entry['reasoning'])}</bdi></p>")
    if entry.get("content"):
        parts.append(f"<p><bdi>{e(entry['content'])}</bdi></p>")
    for call in entry.get("tool_calls") or []:
        function = call.get("function") if isinstance(call, dict) else None
        shown_call = (
            f"{function.get('name')}({function.get('arguments')})" if isinstance(function, dict) else json.dumps(call)
        )
        parts.append(f"<p class='call'><b>calls</b> <code>{e(shown_call)}</code></p>")
    side = "mine" if role in ("user", "tool", "system") else "its"
    return f"<div class='said {side}'><span class='who'>{e(PEOPLE.get(role, role))}</span>{''.join(parts)}</div>"


def requests(found: t.Sequence[Json], checks: t.Sequence[Json]) -> str:
    """Times of the requests that belong to no load; those of a load are in its charts."""
    loads = {check["label"] for check in checks if check["name"] in ("load", "load_job")}
    single = [request for request in found if request["check"] not in loads]
    longest = max((request["e2e_ms"] or 0.0 for request in single), default=0.0) or 1.0
    rows = [
        [
            e(request["check"]),
            f"<span class='id'>{e(request['path'])}</span>",
            span(request, longest),
            shown(request.get("ttft_ms")),
            shown(request.get("itl_ms")),
            shown(request["e2e_ms"]),
            number(request.get("completion_tokens"), 0),
        ]
        for request in single[:ROWS]
    ]
    if not rows:
        return ""
    heads = ["check", "path", "", "#first token, ms", "#between tokens, ms", "#whole, ms", "#tokens"]
    left = f"<p class='soft'>{len(single) - ROWS} more are in the JSON report.</p>" if len(single) > ROWS else ""
    return table(heads, rows, "requests") + left


def span(request: Json, longest: float) -> str:
    """One request as a bar: the wait for the first token, then the answer."""
    whole = 100 * (request["e2e_ms"] or 0.0) / longest
    first = min(whole, 100 * (request.get("ttft_ms") or 0.0) / longest)
    wait, rest = f"<i style='width:{first:.1f}%'></i>", f"<i class='rest' style='width:{whole - first:.1f}%'></i>"
    return f"<span class='span' aria-hidden='true'>{wait}{rest}</span>"
