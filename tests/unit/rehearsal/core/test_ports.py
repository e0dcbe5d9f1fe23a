# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Ports: kept when free, others when taken, never one twice."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from rehearsal import ports


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_taken_port_is_not_free(taken: int) -> None:
    assert not ports.is_free(taken)
    assert ports.choose(taken) != taken


def test_a_free_port_is_kept() -> None:
    free = ports.choose()
    assert ports.choose(free) == free
    assert ports.choose(free, taken=[free]) != free


def test_a_book_remembers_and_keeps_apart(taken: int) -> None:
    free = ports.choose()
    book = ports.PortBook({"a": free, "b": taken, "c": free})
    assert book.assign("a") == free
    assert book.assign("a") == free
    assert book.assign("b") != taken
    assert book.assign("c") != free
    assert len(set(book.as_dict().values())) == 3


def test_a_port_can_be_changed_and_given_back() -> None:
    book = ports.PortBook()
    first = book.assign("x/etcd")
    assert book.move("x/etcd") != first
    book.assign("y/etcd")
    book.release("x/")
    assert list(book.as_dict()) == ["y/etcd"]
