# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Anything that may come over a connection: no hang, no crash but the documented ones, bounded memory.

`one_input` is also what fuzz_probe.py beside the integration tests gives to atheris.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.frames import FrameError, FrameReader
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe import judge, judge_api, metrics, schema
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.errors import ClosedError, ProbeError
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.http1 import HEAD_BYTES, ResponseParser
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.load import stream as streams
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.load.stream import Stream
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.session import Failed
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.sse import Parser, SseError

EVENT = {"model": "m", "choices": [{"index": 0, "delta": {"content": "w\u00f6rd \U0001f600"}, "finish_reason": None}]}
END = {"model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


def body(newline: str = "\n", comment: bool = False) -> bytes:
    """A correct stream in one of its forms."""
    lines = [f": keep-alive{newline}{newline}"] if comment else []
    for event in (EVENT, EVENT, END):
        first, second = json.dumps(event, ensure_ascii=False).split(" ", 1)
        # One event in two data lines, another with a type; a parser joins the lines.
        lines.append(f"event: message{newline}data: {first}{newline}data:{second}{newline}{newline}")
    return "".join([*lines, f"data: [DONE]{newline}{newline}"]).encode()


def framed(data: bytes, how: str) -> bytes:
    """An HTTP answer that holds `data`."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    if how == "gzip":
        data = gzip.compress(data)
        return head + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(data) + data
    if how == "length":
        return head + b"Content-Length: %d\r\n\r\n" % len(data) + data
    if how == "chunked":
        parts = [data[place : place + 7] for place in range(0, len(data), 7)]
        chunks = b"".join(b"%x;x=y\r\n%s\r\n" % (len(part), part) for part in parts)
        return (
            b"HTTP/1.1 100 Continue\r\n\r\n"
            + head
            + b"Transfer-Encoding: chunked\r\n\r\n"
            + chunks
            + b"0\r\nT: x\r\n\r\n"
        )
    return head + b"\r\n" + data


def stream() -> Stream:
    """A request that waits for its answer."""
    return Stream(1, 0.0, b"", "m", 64, warm=False, name="it")


def feed(found: Stream, data: bytes, cuts: list[int]) -> None:
    """Give data to a request, cut where the cuts say, then end the connection."""
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    for start, end in zip([0, *places], [*places, len(data)]):
        if data[start:end] and not found.over:
            found.understand(data[start:end], 1.0, None)
    if not found.over:
        found.understand(b"", 2.0, None)


@pytest.mark.parametrize("how", ["length", "chunked", "gzip", "close"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 2000), max_size=30), comment=st.booleans())
def test_a_stream_may_be_split_anywhere(how: str, newline: str, cuts: list[int], comment: bool) -> None:
    found = stream()
    feed(found, framed(body(newline, comment), how), cuts)
    assert found.error == ""
    assert found.chat.found.content == "w\u00f6rd \U0001f600" * 2
    assert found.times.chunks == 2


def one_input(data: bytes) -> None:
    """Give bytes to everything that reads bytes; only the documented exceptions may come."""
    cut = data[0] if data else 0
    feed(stream(), data, [cut, cut * 3, cut * 7])
    feed(stream(), framed(data, ("length", "chunked", "close")[cut % 3]), [cut, cut * 5])
    with contextlib.suppress(SseError):
        list(Parser(line_bytes=64, event_bytes=128).feed(data))
    with contextlib.suppress(FrameError):
        list(FrameReader(256).feed(data))
    text = data.decode("utf-8", "replace")
    metrics.counters(metrics.parse(text), "m")
    with contextlib.suppress(ValueError, RecursionError):
        document(json.loads(text))


def document(value: object) -> None:
    """Give a document to every judge."""
    for look in (
        lambda: judge.chat(value, "m", 9),
        lambda: judge.completion(value, "m", 9),
        lambda: judge_api.response(value, "m", 9),
        lambda: judge_api.vectors(value, 2),
        lambda: judge.ChatStream("m", 9).take(judge.Event(json.dumps(value))),
    ):
        with contextlib.suppress(Failed):
            look()
    schema.faults(value, {"type": "object", "properties": {"a": {"type": "array", "items": {"enum": [1]}}}})


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes(data: bytes) -> None:
    one_input(data)


PIECES = [
    b"HTTP/1.1 200 OK\r\n",
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Content-Type: text/event-stream\r\n",
    b"\r\n",
    b"5\r\n",
    b"0\r\n",
    b"data: ",
    b"[DONE]\n\n",
    b"\xff\xfe",
    b"event: error\n",
    json.dumps(EVENT).encode(),
    b'{"error": {"message": "x"}}',
    b'{"choices": [1]}',
    b"\n\n",
    gzip.compress(b"data: x\n\n"),
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=9), max_size=14).map(b"".join))
def test_bytes_that_look_right(data: bytes) -> None:
    one_input(data)


KEYS = (
    "choices message content delta usage model data embedding index output object status type text finish_reason error "
    "tool_calls prompt_tokens logprobs nvext a"
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=5),
    max_leaves=25,
)


@settings(max_examples=400, deadline=None)
@given(JSON)
def test_any_document(value: object) -> None:
    document(value)
    if isinstance(value, dict):
        document({"model": "m", "object": "response", "status": "completed", **value})


def test_endless_heads_lines_and_streams_take_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "STREAM_BYTES", 2**20)
    tracemalloc.start()
    found = stream()
    found.understand(b"HTTP/1.1 200 OK\r\n", 1.0, None)
    for _ in range(100):
        if not found.understand(b"X: y\r\n" * 1000, 1.0, None):
            continue
        break
    assert f"headers of more than {HEAD_BYTES // 1024} KiB" in found.error
    found = stream()
    found.understand(framed(b"data: ", "close"), 1.0, None)
    while not found.understand(b"x" * 65536, 1.0, None):
        pass
    assert "a line is longer than" in found.error
    found = stream()
    found.understand(framed(b"", "close"), 1.0, None)
    event = b"data: " + json.dumps(EVENT).encode() + b"\n\n"
    while not found.understand(event * 500, 1.0, None):
        pass
    assert "the stream does not end" in found.error
    found = stream()
    found.understand(framed(b"", "close"), 1.0, None)
    while not found.understand(b": keep-alive\n\n" * 5000, 1.0, None):
        pass
    assert "more than 1 MiB came" in found.error
    assert tracemalloc.get_traced_memory()[1] < 12 * 2**20
    tracemalloc.stop()


def test_bomb_of_gzip_takes_little_memory() -> None:
    bomb = framed(bytes(64 * 2**20), "gzip")
    tracemalloc.start()
    found = stream()
    found.understand(bomb, 1.0, None)
    assert "a line is longer than" in found.error
    assert tracemalloc.get_traced_memory()[1] < 12 * 2**20
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", "broken Content-Length: 5, 6"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "broken Content-Length"),
        (b"HTTP/2 200\r\n\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n", "chunked answer that is broken"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", "chunked answer that is broken"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 2000, "chunked answer that is broken"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\n\r\n", "nobody asked for"),
        (framed(b"x" * 100, "gzip")[:-9] + b"123456789", "gzip encoding is broken"),
    ],
)
def test_broken_http(data: bytes, says: str) -> None:
    with pytest.raises(ProbeError, match=says):
        list(ResponseParser(name="it").feed(data))


@pytest.mark.parametrize(
    ("data", "began"),
    [(b"", False), (b"HTTP/1.1 2", True), (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", True)],
)
def test_sudden_close(data: bytes, began: bool) -> None:
    parser = ResponseParser()
    list(parser.feed(data))
    with pytest.raises(ClosedError) as caught:
        list(parser.eof())
    assert caught.value.began is began


def test_gzip_that_ends_early_is_broken() -> None:
    parser = ResponseParser(name="it")
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
    list(parser.feed(head + gzip.compress(b"hello" * 100)[:-8]))
    with pytest.raises(ProbeError, match="it ends too early"):
        list(parser.eof())


@pytest.mark.parametrize(
    ("head", "reusable"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nmore", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
    ],
)
def test_which_connections_may_be_used_again(head: bytes, reusable: bool) -> None:
    parser = ResponseParser()
    list(parser.feed(head))
    assert parser.done
    assert parser.reusable is reusable
