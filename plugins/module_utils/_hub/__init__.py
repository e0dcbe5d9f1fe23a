# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Asking the Hugging Face hub what a token may do, without ever showing the token."""

from __future__ import annotations

import http.client
import socket
import typing as t
import urllib.error
import urllib.request
from dataclasses import dataclass, field

# The file that every model has; what answers for it answers for the weights.
_PROBE = "config.json"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Where the hub would send a download to is nobody's business here; that it would is the answer."""

    def redirect_request(self, *_args: t.Any, **_more: t.Any) -> None:
        """Follow nothing."""


@dataclass
class Answer:
    """What the hub said.

    Attributes:
        reachable: whether it gave an answer that means something.
        reason: why it did not.
        problems: what is wrong with the token, each with what to do.
        models: model to open, gated, absent or unknown.
    """

    reachable: bool = True
    reason: str = ""
    problems: list[str] = field(default_factory=list)
    models: dict[str, str] = field(default_factory=dict)


Ask = t.Callable[[str], int]


def asker(endpoint: str, token: str, timeout: float) -> Ask:
    """Return what asks the hub for a path and returns the HTTP status; OSError when it does not answer.

    Raises ValueError for an endpoint that is no web address.
    """
    if not endpoint.startswith(("https://", "http://")):
        raise ValueError(f"{endpoint} is no address of a hub: it begins with neither https:// nor http://.")
    opener = urllib.request.build_opener(_NoRedirect)

    def ask(path: str) -> int:
        request = urllib.request.Request(f"{endpoint.rstrip('/')}{path}", method="GET")  # noqa: S310 - http(s), checked
        request.add_unredirected_header("Authorization", f"Bearer {token}")
        try:
            with opener.open(request, timeout=timeout) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return int(error.code)
        except (http.client.HTTPException, socket.timeout) as error:
            raise OSError(str(error) or type(error).__name__) from error

    return ask


def check(ask: Ask, endpoint: str, models: t.Sequence[str]) -> Answer:
    """Say whether a token is known, and which of the models it opens."""
    try:
        status = ask("/api/whoami-v2")
        if status == 401:
            return Answer(
                problems=[
                    f"{endpoint} does not know it (401). Make a new one (Settings, Access Tokens, type Read), and set "
                    "HF_TOKEN."
                ]
            )
        # 403: a fine-grained token that may not read who it belongs to, but perhaps models.
        if status not in {200, 403}:
            return Answer(reachable=False, reason=f"{endpoint} answered {status}")
        answer = Answer()
        for model in models:
            answer.models[model] = _model(ask(f"/{model}/resolve/main/{_PROBE}"))
    except OSError as error:
        cause = getattr(error, "reason", None) or error
        return Answer(reachable=False, reason=f"{endpoint} cannot be reached ({cause})")
    for model, state in answer.models.items():
        if state == "gated":
            answer.problems.append(
                f"It does not open {model}: ask for access at {endpoint}/{model} with the account of this token, or "
                "choose another model."
            )
        if state == "absent":
            answer.problems.append(f"There is no model {model} that it could open. Look for a typing error.")
    return answer


def _model(status: int) -> str:
    if status == 404:
        return "absent"
    if status in {401, 403}:
        return "gated"
    return "open" if status < 400 else "unknown"
