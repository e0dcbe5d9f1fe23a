# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Charts as inline SVG; their colours come from the page's style, so that they follow light, dark and print."""

from __future__ import annotations

import math
import typing as t

from .html import e, shown

Json = dict[str, t.Any]
WIDTH, HEIGHT = 350, 190
LEFT, RIGHT, TOP, BOTTOM = 40, 36, 30, 30
WIDE, PANEL = 1080, 74
MARKS = ("p50", "p99")


def ticks(low: float, high: float, count: int) -> list[float]:
    """About `count` round numbers between two others."""
    span = high - low
    if span <= 0:
        return [low]
    rough = span / max(1, count)
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first = math.ceil(low / step - 1e-9)
    return [round(step * place, 10) for place in range(first, math.floor(high / step + 1e-9) + 1)]


def label(value: float) -> str:
    """A tick's number."""
    return f"{value:,.10g}"


def text(x: float, y: float, content: str, kind: str = "tick", anchor: str = "middle") -> str:
    """A text; `content` is HTML already."""
    return f"<text class='{kind}' x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}'>{content}</text>"


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """A straight line."""
    return f"<line class='{kind}' x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}'/>"


def picture(width: float, height: float, title: str, content: t.Sequence[str], kind: str) -> str:
    """The SVG with its text for those who do not see it."""
    return (
        f"<svg class='{kind}' viewBox='0 0 {width} {height}' role='img' aria-label='{e(title)}'>"
        f"<title>{e(title)}</title>{''.join(content)}</svg>"
    )


def distribution(shape: Json, times: Json, title: str) -> str:
    """A histogram with the cumulative share over it, and marks at p50 and p99. What lies beyond is said in words."""
    edges: list[float] = shape["edges"]
    counts: list[int] = shape["counts"]
    total = sum(counts)
    # A last bin of another width holds what lies beyond the 99.5th percentile.
    tail = len(counts) > 1 and not math.isclose(edges[-1] - edges[-2], edges[1] - edges[0], rel_tol=0.2, abs_tol=0.01)
    if tail:
        edges, counts = edges[:-1], counts[:-1]
    low, high, most = edges[0], edges[-1], max(counts) or 1
    inner_width, inner_height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    floor = HEIGHT - BOTTOM

    def x(value: float) -> float:
        return LEFT + inner_width * (min(max(value, low), high) - low) / ((high - low) or 1.0)

    def y(share: float) -> float:
        return floor - inner_height * share

    parts = [text(LEFT, 14, e(title), "head", "start")]
    for value in ticks(0, most, 3):
        parts += [line(LEFT, y(value / most), WIDTH - RIGHT, y(value / most), "grid")]
        parts.append(text(LEFT - 5, y(value / most) + 3.5, label(value), "tick", "end"))
    parts += [text(WIDTH - RIGHT + 5, y(share / 100) + 3.5, f"{share}%", "tick", "start") for share in (0, 50, 100)]
    for place, count in enumerate(counts):
        if count:
            left, right, top = x(edges[place]), x(edges[place + 1]), y(count / most)
            width = max(1.0, right - left - 0.8)
            parts.append(
                f"<rect class='bar' x='{left:.1f}' y='{top:.1f}' width='{width:.1f}' height='{floor - top:.1f}'/>"
            )
    so_far, points = 0, [f"{x(low):.1f},{y(0):.1f}"]
    for place, count in enumerate(counts):
        so_far += count
        points.append(f"{x(edges[place + 1]):.1f},{y(so_far / total):.1f}")
    parts.append(f"<polyline class='share' points='{' '.join(points)}'/>")
    for place, name in enumerate(reversed([name for name in MARKS if name in times])):
        parts.append(text(WIDTH - RIGHT - 72 * place, 14, f"{name} {shown(times[name])}", f"mark {name}", "end"))
        if low <= times[name] <= high:
            parts.append(line(x(times[name]), TOP - 4, x(times[name]), floor, f"mark {name}"))
    parts.append(line(LEFT, floor, WIDTH - RIGHT, floor, "axis"))
    parts += [text(x(value), floor + 14, label(value)) for value in ticks(low, high, 5)]
    beyond = f", {shape['counts'][-1]} beyond, up to {shown(shape['edges'][-1])} ms" if tail else ""
    parts.append(text(WIDTH / 2, HEIGHT - 3, f"milliseconds{beyond}"))
    said = ", ".join(f"{name} {shown(times[name])} ms" for name in MARKS if name in times)
    return picture(WIDTH, HEIGHT, f"{title}: {total} values, {said}{beyond}", parts, "shape")


def timeline(rows: t.Sequence[Json], seconds: float) -> str:
    """Requests in flight and tokens per second over the load, one above the other; failures are marked and counted."""
    if len(rows) < 2:
        return ""
    width = float(rows[1]["second"] - rows[0]["second"])
    end = max(float(rows[-1]["second"]) + width, seconds)
    inner = WIDE - LEFT - RIGHT

    def x(second: float) -> float:
        return LEFT + inner * min(second, end) / end

    flights = [float(row["in_flight"]) for row in rows]
    rates = [row["chunks"] / width for row in rows]
    failed = [(row["second"], row["failed"]) for row in rows if row["failed"]]
    lost = f", {sum(row['failed'] for row in rows)} failed" if failed else ""
    parts = [
        *panel(20, "requests in flight" + lost, flights, rows, width, x, "flight"),
        *panel(20 + PANEL + 34, "tokens per second", rates, rows, width, x, "rate"),
    ]
    bottom = 20 + 2 * PANEL + 34
    for second, count in failed:
        parts.append(
            f"<path class='lost' d='M{x(second):.1f} {20 + PANEL:.1f}l4 -8h-8z'><title>{count} failed</title></path>"
        )
    parts += [text(x(value), bottom + 15, f"{label(value)} s") for value in ticks(0, end, 10)]
    most = f"at most {max(flights):.0f} requests in flight, at most {max(rates):.0f} tokens per second"
    said = f"Over {shown(end)} s: {most}{lost}"
    return f"<div class='wide'>{picture(WIDE, bottom + 22, said, parts, 'line')}</div>"


def panel(
    top: float,
    title: str,
    values: t.Sequence[float],
    rows: t.Sequence[Json],
    width: float,
    x: t.Callable[[float], float],
    kind: str,
) -> list[str]:
    """One row of the timeline: steps with the area under them."""
    most = max(values) or 1.0
    floor = top + PANEL

    def y(value: float) -> float:
        return floor - (PANEL - 6) * value / most

    parts = [text(LEFT, top - 6, e(title), "head", "start")]
    for value in ticks(0, most, 2):
        parts += [
            line(LEFT, y(value), x(math.inf), y(value), "grid"),
            text(LEFT - 5, y(value) + 3.5, label(value), "tick", "end"),
        ]
    steps = f"M{x(0):.1f} {floor:.1f}"
    for row, value in zip(rows, values):
        steps += f"V{y(value):.1f}H{x(row['second'] + width):.1f}"
    parts.append(f"<path class='{kind}' d='{steps}V{floor:.1f}Z'/>")
    parts.append(line(LEFT, floor, x(math.inf), floor, "axis"))
    return parts
