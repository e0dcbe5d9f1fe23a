# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Server-sent events cut anywhere, with every line end, and without bounds."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.sse import Event, Parser, SseError


def events_of(*chunks: bytes) -> list[Event]:
    """All events of a stream."""
    parser = Parser()
    return [event for chunk in chunks for event in parser.feed(chunk)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_line_ends(end: bytes) -> None:
    stream = end.join([b"data: a", b"", b"data: b", b"data: c", b"", b""])
    assert events_of(stream) == [Event("a"), Event("b\nc")]


def test_comments_types_and_unknown_fields() -> None:
    parser = Parser()
    stream = b": keep-alive\n\nevent: error\nid: 7\nretry: 1\ndata:x\ndata\n\nevent: lost\n\ndata: y\n\n"
    assert list(parser.feed(stream)) == [Event("x\n", "error"), Event("y")]
    assert parser.comments == 1


def test_byte_order_mark_and_only_the_first_space() -> None:
    assert events_of(b"\xef\xbb\xbfdata:  a\n\n") == [Event(" a")]


def test_invalid_utf8_is_counted_and_replaced() -> None:
    parser = Parser()
    assert list(parser.feed(b"data: \xff\xfe\n\n")) == [Event("\ufffd\ufffd")]
    assert parser.invalid == 1


def test_unfinished_event_is_pending() -> None:
    parser = Parser()
    assert list(parser.feed(b"data: a\n")) == []
    assert parser.pending
    assert list(parser.feed(b"\n")) == [Event("a")]
    assert not parser.pending


def exhaust(parser: Parser, chunks: Iterable[bytes]) -> None:
    """Feed everything."""
    for chunk in chunks:
        list(parser.feed(chunk))


def test_endless_line_is_refused() -> None:
    parser = Parser(line_bytes=1000)
    chunks = iter([b"x" * 100] * 100)
    with pytest.raises(SseError, match="line is longer than 1000"):
        exhaust(parser, chunks)
    assert len(list(chunks)) > 80


@pytest.mark.parametrize("line", [b"data: " + b"x" * 90 + b"\n", b"data\n"])
def test_endless_event_is_refused(line: bytes) -> None:
    parser = Parser(event_bytes=1000)
    with pytest.raises(SseError, match="event is longer than 1000"):
        exhaust(parser, [line] * 2000)


LINES = st.lists(
    st.one_of(
        st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])).map(lambda text: f"data: {text}"),
        st.sampled_from(["", "", ":x", "event: e", "data", "öäü: €"]),
    )
)


@settings(max_examples=200, deadline=None)
@given(LINES, st.sampled_from(["\n", "\r\n", "\r"]), st.lists(st.integers(1, 9), min_size=1))
def test_cuts_do_not_matter(lines: list[str], end: str, sizes: list[int]) -> None:
    stream = (end.join(lines) + end + end).encode()
    whole = events_of(stream)
    pieces, start, index = [], 0, 0
    while start < len(stream):
        size = sizes[index % len(sizes)]
        pieces.append(stream[start : start + size])
        start, index = start + size, index + 1
    assert events_of(*pieces) == whole
    assert [event.data for event in whole] == expected(lines)


def expected(lines: list[str]) -> list[str]:
    """A second reading of the specification, line by line."""
    found: list[str] = []
    data: list[str] = []
    for line in [*lines, "", ""]:
        if not line and data:
            found.append("\n".join(data))
            data = []
        elif line == "data":
            data.append("")
        elif line.startswith("data: "):
            data.append(line[6:])
    return found


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=50)))
def test_any_bytes_are_survived(chunks: list[bytes]) -> None:
    assert all(event.data is not None for event in events_of(*chunks))
