# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""EKS Pod Identity: credentials of exactly the role that a pod's ServiceAccount is associated with."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from rehearsal.nodes.config import AgentConfig

Json = dict[str, Any]
log = logging.getLogger(__name__)

# Credentials live for an hour; the same ones are handed out for this long.
_HOLD_SECONDS = 600.0


class Refused(Exception):
    """AWS gives no credentials of the role; the message says why."""


@dataclass(frozen=True)
class Bearer:
    """Who a token belongs to."""

    namespace: str
    account: str
    role_arn: str


class PodIdentity:
    """The agent that pods ask for credentials, at 127.0.0.1 and with a token of each pod's own."""

    def __init__(self, config: AgentConfig, find_role: Callable[[str, str], str | None]) -> None:
        """Prepare; `find_role` (blocking) returns the role associated with a namespace and ServiceAccount."""
        self._config = config
        self._find_role = find_role
        self._bearers: dict[str, Bearer] = {}
        self._held: dict[Bearer, tuple[Json, float]] = {}
        self._port = 0
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen on a free port."""
        app = web.Application()
        app.router.add_get("/v1/credentials", self._serve)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = int(self._runner.addresses[0][1])

    async def close(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def environment(self, namespace: str, account: str, uid: str) -> dict[str, str]:
        """Return the variables of a new pod; {} when its ServiceAccount has no association now.

        As on EKS this is decided when a pod is made: an association that comes later is for later pods.
        """
        role = await asyncio.to_thread(self._find_role, namespace, account)
        if role is None:
            return {}
        token = secrets.token_urlsafe(32)
        path = self._token_file(uid)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(token, encoding="utf-8")
        self._bearers[token] = Bearer(namespace, account, role)
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{self._port}/v1/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(path),
        }

    def _token_file(self, uid: str) -> Path:
        return self._config.work_dir / "pods" / uid / "pod-identity-token"

    async def _serve(self, request: web.Request) -> web.Response:
        bearer = self._bearers.get(request.headers.get("Authorization", ""))
        if bearer is None:
            return web.json_response({"message": "unknown token"}, status=401)
        held, until = self._held.get(bearer, ({}, 0.0))
        if held and time.monotonic() < until:
            return web.json_response(held)
        config = self._config
        body = {
            "role_arn": bearer.role_arn,
            "session_name": f"eks-{config.cluster}-{bearer.account}"[:64],
            "source_arn": f"arn:aws:eks:{config.region}:{config.account}:cluster/{config.cluster}",
        }
        try:
            answer = await self._credentials(body)
        except (aiohttp.ClientError, TimeoutError, Refused) as error:
            log.warning("Failed to get credentials of %s: %s.", bearer.role_arn, error)
            return web.json_response({"message": f"no credentials of {bearer.role_arn}: {error}"}, status=503)
        document = {
            "AccessKeyId": answer["access_key_id"],
            "SecretAccessKey": answer["secret_access_key"],
            "Token": answer["session_token"],
            "AccountId": self._config.account,
            "Expiration": answer["expiration"],
        }
        self._held[bearer] = (document, time.monotonic() + _HOLD_SECONDS)
        return web.json_response(document)

    async def _credentials(self, body: Json) -> Json:
        url = f"{self._config.aws_endpoint}/rehearsal/credentials"
        timeout = aiohttp.ClientTimeout(total=20)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.post(url, json=body) as response:
            answer = dict(await response.json())
            if response.status >= 400:
                raise Refused(str(answer.get("error", response.reason)))
            return answer
