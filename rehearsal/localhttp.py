# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""HTTP to the rehearsal's own servers on this machine: never through a proxy, never anywhere else."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit


def request(
    method: str,
    url: str,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 5.0,
    context: ssl.SSLContext | None = None,
) -> tuple[int, str]:
    """Make one request, with a JSON body if any; return status and body text.

    Raises:
        OSError: when the server cannot be reached or answers no HTTP.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(host, port, timeout=timeout, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    data = None if body is None else json.dumps(body).encode()
    sent = {"Content-Type": "application/json"} if data is not None else {}
    try:
        connection.request(method, target, body=data, headers={**sent, **(headers or {})})
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    except http.client.HTTPException as error:
        raise OSError(f"{url} answers no HTTP: {type(error).__name__} {error}") from error
    finally:
        connection.close()


def succeeds(url: str, timeout: float = 2.0) -> bool:
    """Tell whether a GET answers 200 now."""
    try:
        return request("GET", url, timeout=timeout)[0] == http.client.OK
    except OSError:
        return False


def get_json(url: str, timeout: float = 5.0) -> Any:
    """Return what a GET answers.

    Raises:
        OSError: when the server cannot be reached, or answers anything but 200 and JSON.
    """
    return _json("GET", url, None, timeout)


def post_json(url: str, body: Any, timeout: float = 5.0) -> Any:
    """Return what a POST answers, None for an empty body.

    Raises:
        OSError: as `get_json`.
    """
    return _json("POST", url, body, timeout)


def _json(method: str, url: str, body: Any, timeout: float) -> Any:
    status, text = request(method, url, body, timeout=timeout)
    if status // 100 != 2:
        raise OSError(f"{method} {url} answered {status}: {text[:300]}")
    try:
        return json.loads(text) if text else None
    except json.JSONDecodeError as error:
        raise OSError(f"{method} {url} answered no JSON: {text[:300]}") from error
