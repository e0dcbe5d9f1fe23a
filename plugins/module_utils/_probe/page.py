# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The report as one page that needs nothing else: no script, no font, no picture from anywhere. Pure."""

from __future__ import annotations

import typing as t
from html import escape

STYLE = """
:root { color-scheme: light dark; --line: #d0d7de; --soft: #57606a; --good: #1a7f37; --bad: #cf222e; --box: #f6f8fa; }
@media (prefers-color-scheme: dark) {
  :root { --line: #3d444d; --soft: #9198a1; --good: #3fb950; --bad: #f85149; --box: #151b23; }
}
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.passed { color: var(--good); } .failed { color: var(--bad); } .skipped, .soft { color: var(--soft); }
.state { font-weight: 600; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid var(--line); }
td { overflow-wrap: anywhere; } th { white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.wide { overflow-x: auto; }
blockquote { margin: 0; padding: .75rem 1rem; background: var(--box); border-left: 4px solid var(--line);
  white-space: pre-wrap; overflow-wrap: anywhere; }
@media print { body { margin: 0; max-width: none; } tr { break-inside: avoid; } }
"""
TIMES = (
    ("ttft_ms", "first token"),
    ("itl_ms", "between chunks"),
    ("tpot_ms", "per token"),
    ("e2e_ms", "whole"),
    ("connect_ms", "connect"),
)


def html(report: dict[str, t.Any]) -> str:
    """The page. Everything that came from outside is escaped: a model's answer may hold markup."""
    state = "passed" if report["passed"] else "failed"
    counts = ", ".join(f"{number} {kind}" for kind, number in report["counts"].items() if number)
    facts = f"{escape(report['target'])} · model {escape(report['model'] or 'none')}"
    when = f"{escape(report['started'])} · {report['seconds']:.1f} s"
    parts = [
        f"<h1>{escape(report['title'])}: <span class='{state}'>{state}</span></h1>",
        f"<p class='soft'>{facts}<br>{when} · {counts}</p>",
        "<h2>Checks</h2>",
        _checks(report["checks"]),
    ]
    if report["answer"]:
        parts += ["<h2>What the model answered</h2>", f"<blockquote>{escape(report['answer'])}</blockquote>"]
    if report["requests"]:
        parts += ["<h2>Requests, in milliseconds</h2>", _requests(report["requests"])]
    title = f"{escape(report['title'])}: {state}"
    return (
        "<!DOCTYPE html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>\n"
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n" + "\n".join(parts) + "\n</body>\n</html>\n"
    )


def _checks(checks: list[dict[str, t.Any]]) -> str:
    rows = "".join(
        f"<tr><td>{escape(check['name'])}</td>"
        f"<td class='state {check['result']}'>{check['result']}</td>"
        f"<td class='number'>{check['seconds']:.2f} s</td>"
        f"<td>{_why(check)}</td></tr>\n"
        for check in checks
    )
    head = "<tr><th>check</th><th>result</th><th class='number'>time</th><th>why, and what was seen</th></tr>"
    return f"<div class='wide'><table>\n{head}\n{rows}</table></div>"


def _why(check: dict[str, t.Any]) -> str:
    said = [escape(check["reason"])] if check["reason"] else []
    if check["evidence"]:
        said.append(f"<span class='soft'>{escape(check['evidence'])}</span>" if said else escape(check["evidence"]))
    return "<br>".join(said)


def _requests(requests: list[dict[str, t.Any]]) -> str:
    titles = "".join(f"<th class='number'>{title}</th>" for _key, title in TIMES)
    rows = "".join(
        f"<tr><td>{escape(request['check'])}</td><td>{escape(request['path'])}</td>"
        + "".join(f"<td class='number'>{_number(request[key])}</td>" for key, _title in TIMES)
        + f"<td class='number'>{_number(request['completion_tokens'])}</td></tr>\n"
        for request in requests
    )
    head = f"<tr><th>check</th><th>path</th>{titles}<th class='number'>tokens</th></tr>"
    return f"<div class='wide'><table>\n{head}\n{rows}</table></div>"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"
