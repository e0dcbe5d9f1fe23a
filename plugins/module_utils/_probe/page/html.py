# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Pieces of HTML that the parts of the page share."""

from __future__ import annotations

import typing as t
from html import escape

# An en dash: nothing was measured.
NONE = "\u2013"
MARKS = {"passed": "✓", "failed": "✕", "skipped": NONE}


def e(value: t.Any) -> str:
    """A value from outside, as text. What a terminal or a browser would obey is replaced."""
    text = "".join(
        character if character.isprintable() or character in "\n\t" else "\ufffd" for character in str(value)
    )
    return escape(text, quote=True)


def state(result: str, text: str = "") -> str:
    """A result in colour, sign and word."""
    kind = result if result in MARKS else "skipped"
    return f"<span class='state {kind}'><span aria-hidden='true'>{MARKS[kind]}</span> {e(text or result)}</span>"


def number(value: float | None, digits: int = 2) -> str:
    """A number with so many digits after the point, or a dash."""
    return NONE if value is None else f"{value:,.{digits}f}"


def shown(value: float | None) -> str:
    """A measured number with about three digits, or a dash."""
    if value is None:
        return NONE
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def when(text: str) -> str:
    """A moment as people read it."""
    return f"<time datetime='{e(text)}'>{e(text[:19].replace('T', ' '))} UTC</time>"


def table(heads: t.Sequence[str], rows: t.Sequence[t.Sequence[str]], kind: str = "") -> str:
    """A table of cells that are HTML already; a head that begins with # is one of numbers."""
    sides = [" class='n'" if head.startswith("#") else "" for head in heads]
    top = "".join(f"<th scope='col'{side}>{e(head.lstrip('#'))}</th>" for head, side in zip(heads, sides))
    body = "".join(
        "<tr>" + "".join(f"<td{side}>{cell}</td>" for cell, side in zip(row, sides)) + "</tr>\n" for row in rows
    )
    return f"<div class='wide'><table class='{kind}'><thead><tr>{top}</tr></thead><tbody>\n{body}</tbody></table></div>"


def section(title: str, content: str) -> str:
    """A section, or nothing when it would be empty."""
    return f"<section><h3>{e(title)}</h3>{content}</section>" if content else ""
