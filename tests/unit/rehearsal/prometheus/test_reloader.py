# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The config reloader: the configuration for this machine, and a proxy into the cluster."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path

import pytest

from rehearsal.prometheus import reloader


def packed(text: str) -> bytes:
    return gzip.compress(text.encode())


def test_configuration_for_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POD_NAME", "p-0")
    source, target, rules = tmp_path / "c.gz", tmp_path / "out" / "env.yaml", tmp_path / "rules"
    target.parent.mkdir()
    rules.mkdir()
    source.write_bytes(packed("global: {x: $(POD_NAME)}\nscrape_configs: [{kubernetes_sd_configs: [{role: pod}]}]"))
    made = reloader.Reloader(source, target, rules, "/kubeconfig")
    assert made.write() is True
    assert made.write() is False
    written = json.loads(target.read_text())
    assert written["global"] == {"x": "p-0"}
    (job,) = written["scrape_configs"]
    assert job["kubernetes_sd_configs"] == [{"role": "pod", "kubeconfig_file": "/kubeconfig"}]
    assert job["proxy_url"] == f"http://127.0.0.1:{made.proxy_port()}"
    assert written["rule_files"] == [f"{rules}/*.yaml"]
    (rules / "new.yaml").write_text("groups: []")
    assert made.write() is True


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        (
            b"GET http://100.64.0.9:9090/metrics?x=1 HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\n\r\n",
            ("100.64.0.9", 9090, b"GET /metrics?x=1 HTTP/1.1\r\nConnection: close\r\nHost: h\r\n\r\n"),
        ),
        (b"GET /metrics HTTP/1.1\r\n\r\n", None),
        (b"GET http://noport/ HTTP/1.1\r\n\r\n", None),
        (b"rubbish\r\n\r\n", None),
    ],
)
def test_what_is_asked_of_a_proxy(head: bytes, wanted: object) -> None:
    assert reloader.target_of(head) == wanted


def test_the_proxy_goes_through_the_way_into_the_cluster(tmp_path: Path) -> None:
    seen: list[bytes] = []

    async def egress(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        refused = b"1.2.3.4:1 " in seen[0]
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\n\r\n" if refused else b"HTTP/1.1 200 Connection established\r\n\r\n")
        if not refused:
            seen.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 200 OK\r\n\r\nup 1\n")
        writer.close()

    async def ask(port: int, target: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET http://" + target + b"/metrics HTTP/1.1\r\n\r\n")
        answer = await reader.read()
        writer.close()
        return answer

    async def scene() -> tuple[bytes, bytes]:
        socket = str(tmp_path / "egress")
        way = await asyncio.start_unix_server(egress, socket)
        proxy = await asyncio.start_server(reloader.Proxy(socket).serve, "127.0.0.1", 0)
        port = proxy.sockets[0].getsockname()[1]
        async with way, proxy:
            good = await ask(port, b"100.64.0.9:9090")
            seen_before = list(seen)
            seen.clear()
            bad = await ask(port, b"1.2.3.4:1")
            assert seen_before[0].startswith(b"CONNECT 100.64.0.9:9090 ")
            assert seen_before[1].startswith(b"GET /metrics ")
        return good, bad

    good, bad = asyncio.run(scene())
    assert good.endswith(b"up 1\n")
    assert bad.startswith(b"HTTP/1.1 502 ")
