# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The config reloader beside Prometheus: `python -m rehearsal.prometheus.reloader [arguments of the real one]`.

It unpacks the configuration, fills in the pod's name and tells Prometheus to read it again. What it adds for this
machine: how to reach the API server, and a proxy through which the addresses of pods lead to local ports.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gzip
import json
import logging
import os
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from rehearsal.nodes.network import free_port

Json = dict[str, Any]
LOG = logging.getLogger("config-reloader")
INTERVAL = 1.0
_HEAD_LIMIT = 64 * 1024
_CHUNK = 64 * 1024


def localised(config: Json, kubeconfig: str, proxy: str, rules: Path) -> Json:
    """Return a configuration with what this machine needs; rule files are read from where they lie here."""
    jobs = []
    for job in config.get("scrape_configs") or []:
        found = [{**entry, "kubeconfig_file": kubeconfig} for entry in job.get("kubernetes_sd_configs") or []]
        jobs.append({**job, "kubernetes_sd_configs": found, "proxy_url": proxy})
    return {**config, "scrape_configs": jobs, "rule_files": [str(rules / "*.yaml")]}


def unpacked(data: bytes, variables: Mapping[str, str]) -> Json:
    """Return the configuration that a Secret holds, with $(NAME) replaced."""
    text = gzip.decompress(data).decode()
    for name, value in variables.items():
        text = text.replace(f"$({name})", value)
    loaded: Json = yaml.safe_load(text)
    return loaded


def target_of(head: bytes) -> tuple[str, int, bytes] | None:
    """Take apart a request to a proxy: (host, port, request to the host itself); None when it is not one."""
    line, _, rest = head.partition(b"\r\n")
    words = line.split(b" ")
    if len(words) != 3 or not words[1].startswith(b"http://"):
        return None
    authority, slash, path = words[1][len(b"http://") :].partition(b"/")
    host, _, port = authority.decode("latin-1").rpartition(":")
    if not host or not port.isdigit():
        return None
    kept = [row for row in rest.split(b"\r\n") if not row.lower().startswith((b"connection:", b"proxy-connection:"))]
    own = b" ".join((words[0], b"/" + path if slash else b"/", words[2]))
    return host.strip("[]"), int(port), b"\r\n".join((own, b"Connection: close", *kept))


class Proxy:
    """An HTTP proxy that reaches pods the way the API server does."""

    def __init__(self, egress: str) -> None:
        """Take the socket of the node agent's way into the cluster."""
        self._egress = egress

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        try:
            wanted = target_of(await reader.readuntil(b"\r\n\r\n"))
            if wanted is None:
                writer.write(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            host, port, request = wanted
            inner, outer = await asyncio.open_unix_connection(self._egress, limit=_HEAD_LIMIT)
            try:
                outer.write(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
                answer = await inner.readuntil(b"\r\n\r\n")
                if b" 200 " not in answer.split(b"\r\n", 1)[0]:
                    writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                    return
                outer.write(request)
                while data := await inner.read(_CHUNK):
                    writer.write(data)
                    await writer.drain()
            finally:
                outer.close()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        finally:
            with contextlib.suppress(OSError):
                await writer.drain()
            writer.close()


class Reloader:
    """Keeps the unpacked configuration up to date."""

    def __init__(self, source: Path, target: Path, rules: Path, kubeconfig: str) -> None:
        """Take where the packed configuration, the unpacked one and the rule files are."""
        self._source, self._target, self._rules, self._kubeconfig = source, target, rules, kubeconfig
        self._seen: object = None

    def proxy_port(self) -> int:
        """The proxy's port: chosen once for the life of the pod, by whichever container of it comes first."""
        file = self._target.with_name("proxy-port")
        if not file.exists():
            file.write_text(str(free_port(())), encoding="utf-8")
        return int(file.read_text(encoding="utf-8"))

    def write(self) -> bool:
        """Unpack; tell whether anything that Prometheus reads has changed since the last time."""
        data = self._source.read_bytes()
        rules = sorted((path.name, path.read_bytes()) for path in self._rules.glob("*.yaml"))
        if (data, rules) == self._seen:
            return False
        config = unpacked(data, {"POD_NAME": os.environ.get("POD_NAME", os.environ.get("HOSTNAME", ""))})
        proxy = f"http://127.0.0.1:{self.proxy_port()}"
        text = json.dumps(localised(config, self._kubeconfig, proxy, self._rules), indent=1)
        fresh = self._target.with_suffix(".new")
        fresh.write_text(text, encoding="utf-8")  # JSON is YAML
        fresh.replace(self._target)
        self._seen = (data, rules)
        return True


def reload(url: str, proxy: str, address: str) -> None:
    """Tell Prometheus to read its configuration again; on this machine, localhost is not the pod's own.

    Raises:
        OSError: it cannot be reached, or refuses the configuration.
    """
    request = urllib.request.Request(url.replace("localhost", address, 1), method="POST")  # noqa: S310 - http alone
    with urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy})).open(request, timeout=30):
        pass


async def run(reloader: Reloader, url: str, egress: str) -> None:
    """Serve the proxy and follow the configuration until cancelled."""
    server = await asyncio.start_server(Proxy(egress).serve, "127.0.0.1", reloader.proxy_port(), limit=_HEAD_LIMIT)
    proxy = f"http://127.0.0.1:{reloader.proxy_port()}"
    due = True  # what init-config-reloader wrote may be older than what is there now
    async with server:
        while True:
            due = await asyncio.to_thread(reloader.write) or due
            if due:
                try:
                    await asyncio.to_thread(reload, url, proxy, os.environ.get("POD_IP", "localhost"))
                    due = False
                    LOG.info("Prometheus has read its configuration.")
                except OSError as error:
                    LOG.warning("Failed to reload Prometheus: %s. It is tried again.", error)
            await asyncio.sleep(INTERVAL)


def arguments(argv: list[str]) -> argparse.Namespace:
    """Parse those arguments of the real reloader that matter here; the others are ignored."""
    parser = argparse.ArgumentParser(prog="config-reloader", description=__doc__)
    parser.add_argument("--config-file", type=Path, required=True)
    parser.add_argument("--config-envsubst-file", type=Path, required=True)
    parser.add_argument("--watched-dir", type=Path, required=True)
    parser.add_argument("--reload-url", default="")
    parser.add_argument("--watch-interval", default="")
    parser.add_argument("--egress-socket", default=os.environ.get("REHEARSAL_EGRESS", ""))
    return parser.parse_known_args(argv)[0]


def main(argv: list[str]) -> int:
    """Write once (`--watch-interval=0`), or follow until terminated; returns the exit code."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    options = arguments(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    reloader = Reloader(
        options.config_file, options.config_envsubst_file, options.watched_dir, os.environ.get("KUBECONFIG", "")
    )
    try:
        if options.watch_interval == "0":
            reloader.write()
        else:
            asyncio.run(run(reloader, options.reload_url, options.egress_socket))
    except OSError as error:
        LOG.error("Failed to prepare Prometheus' configuration: %s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
