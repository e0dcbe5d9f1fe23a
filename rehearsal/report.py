# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What the commands print: the status page and plain tables."""

from __future__ import annotations

from collections.abc import Sequence

from rehearsal import state
from rehearsal.paths import WorkDir


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Return rows in columns as wide as their widest cell.

    Args:
        header: names of the columns.
        rows: cells.
        right: numbers of the columns that are aligned to the right.
    """
    cells = [list(header), *[list(row) for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]

    def line(row: Sequence[str]) -> str:
        shown = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        return "  ".join(shown).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([line(cells[0]), rule, *[line(row) for row in cells[1:]]])


def status_page(current: state.State, work: WorkDir) -> str:
    """Return one screen about a rehearsal."""
    if not current.supervised:
        text = f"No rehearsal is up in {work.root}."
        if current.phase not in (state.STOPPED, state.FAILED):
            text += " Its supervisor has ended without a goodbye: `up` cleans up and starts anew, `down` cleans up."
        return "\n".join([text, *([current.error] if current.error else [])])
    lines = [
        f"The rehearsal in {work.root} is {current.phase}.",
        f"AWS:    {current.aws_endpoint or '-'}",
        f"charts: {current.charts_url or '-'}",
    ]
    for cluster in current.clusters:
        lines.append(f"EKS:    {cluster.name} {cluster.status} {cluster.endpoint}".rstrip())
    rows = [
        [
            process.name,
            process.status,
            str(process.identity.pid) if process.identity else "-",
            str(process.restarts),
            process.last_exit or "-",
        ]
        for process in current.processes
    ]
    lines += ["", table(["process", "status", "pid", "restarts", "last exit"], rows, right=(2, 3))]
    troubles = current.troubles()
    if troubles:
        lines += ["", "What is wrong:", *[f"  {trouble}" for trouble in troubles]]
        for process in current.processes:
            if process.status in (state.RESTARTING, state.DEAD) and process.last_log:
                lines += [f"  last lines of {process.log}:", *[f"    {line}" for line in process.last_log]]
    lines += ["", f"To use it in a shell: . {work.env_file}"]
    return "\n".join(lines)
