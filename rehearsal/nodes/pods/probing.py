# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Carries out one probe: an HTTP request, a TCP connection or a command."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from rehearsal.nodes.pods.probes import ProbeSpec, resolve_port

Json = dict[str, Any]
_BODY_LIMIT = 10 * 1024

# Runs a command in the container; (exit code or None on time-out, output)
Exec = Callable[[list[str], float], Awaitable[tuple[int | None, str]]]


@dataclass(frozen=True)
class Target:
    """Where a container's ports really are, and what the pod's address is said to be."""

    container: Json
    ports: Mapping[int, int]
    pod_ip: str


async def run(spec: ProbeSpec, target: Target, execute: Exec) -> tuple[bool, str]:
    """Probe once; return (success, the kubelet's words about a failure)."""
    handler = spec.handler
    if "exec" in handler:
        code, output = await execute([str(word) for word in handler["exec"].get("command") or []], spec.timeout)
        return code == 0, output.strip() if code is not None else output
    if "httpGet" in handler:
        return await _http(handler["httpGet"], spec.timeout, target)
    action = handler.get("tcpSocket") or handler.get("grpc")
    if action is None:
        return False, "missing probe handler"
    return await _tcp(action["port"], spec.timeout, target)


def _address(port: Any, target: Target) -> tuple[int, int]:
    """Return (container port, local port)."""
    number = resolve_port(port, target.container)
    return number, target.ports.get(number, number)


async def _tcp(port: Any, timeout: float, target: Target) -> tuple[bool, str]:
    try:
        number, local = _address(port, target)
        _, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", local), timeout)
    except ValueError as error:
        return False, str(error)
    except TimeoutError:
        return False, f"dial tcp {target.pod_ip}:{number}: i/o timeout"
    except OSError:
        return False, f"dial tcp {target.pod_ip}:{number}: connect: connection refused"
    writer.close()
    return True, ""


async def _http(action: Json, timeout: float, target: Target) -> tuple[bool, str]:
    try:
        number, local = _address(action["port"], target)
    except ValueError as error:
        return False, str(error)
    scheme = str(action.get("scheme") or "HTTP").lower()
    path = "/" + str(action.get("path") or "/").lstrip("/")
    url = f"{scheme}://{target.pod_ip}:{number}{path}"
    headers = {row["name"]: row["value"] for row in action.get("httpHeaders") or []}
    headers.setdefault("User-Agent", "kube-probe/1.35")
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=timeout)) as session,
            # a kubelet does not verify a probe's certificate
            session.get(f"{scheme}://127.0.0.1:{local}{path}", headers=headers, ssl=False) as response,
        ):
            await response.content.read(_BODY_LIMIT)
            if 200 <= response.status < 400:
                return True, ""
            return False, f"HTTP probe failed with statuscode: {response.status}"
    except TimeoutError:
        return False, f'Get "{url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
    except aiohttp.ClientConnectorError:
        return False, f'Get "{url}": dial tcp {target.pod_ip}:{number}: connect: connection refused'
    except (aiohttp.ClientError, OSError) as error:
        return False, f'Get "{url}": {error or type(error).__name__}'
