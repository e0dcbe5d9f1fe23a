# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Callback: tells a webhook that a playbook began, ended or failed."""

from __future__ import annotations

DOCUMENTATION = r"""
name: notify
type: notification
short_description: Tells a webhook that a playbook began, ended or failed
version_added: 1.0.0
description:
  - Posts JSON to one address when a run begins and when it ends. Nothing is posted as long as no address is given.
  - A message holds names, counts and seconds. Names of tasks and plays are taken from the source, never rendered, and
    what a task said is left out, so no secret can appear in a message. The address itself, which is a secret with many
    services, is never printed.
  - An address that cannot be reached is a warning. The run and its result do not depend on it.
options:
  url:
    description:
      - Address to post to, with C(https), or C(http) for one on the same machine or network.
    type: str
    env:
      - name: AI_ON_EKS_NOTIFY_URL
  token:
    description: Sent as bearer token, for receivers that want one beside the address.
    type: str
    env:
      - name: AI_ON_EKS_NOTIFY_TOKEN
  format:
    description:
      - V(generic) posts C(event) (V(start), V(finish), V(failure)), C(playbook), C(cluster), C(started) (UTC),
        C(check_mode), C(text), and at the end C(seconds), C(ok), C(changed), C(failed) and C(tasks_failed), the names
        of at most five tasks that failed.
      - V(slack) posts C(text) alone, as Slack, Mattermost, Rocket.Chat and Google Chat take it.
      - V(auto) is V(slack) for C(hooks.slack.com) and C(chat.googleapis.com), and V(generic) for any other host.
    type: str
    choices: [auto, generic, slack]
    default: auto
    env:
      - name: AI_ON_EKS_NOTIFY_FORMAT
    ini:
      - section: callback_notify
        key: format
  events:
    description: What to tell of.
    type: list
    elements: str
    choices: [start, finish, failure]
    default: [start, finish, failure]
    env:
      - name: AI_ON_EKS_NOTIFY_EVENTS
    ini:
      - section: callback_notify
        key: events
  timeout:
    description: How many seconds to wait for the receiver.
    type: int
    default: 5
    env:
      - name: AI_ON_EKS_NOTIFY_TIMEOUT
    ini:
      - section: callback_notify
        key: timeout
requirements:
  - Enabling in the configuration, for example C(callbacks_enabled = ai_on_eks.dynamo.notify) in C(ansible.cfg).
author:
  - The ai_on_eks.dynamo contributors (@ai-on-eks)
"""

EXAMPLES = r"""
example: >
  Tell a channel of failures alone:
    AI_ON_EKS_NOTIFY_URL=https://hooks.slack.com/services/... AI_ON_EKS_NOTIFY_EVENTS=failure
    ansible-playbook smoketest.yml
"""

import json
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

from ansible import context
from ansible.module_utils import urls
from ansible.plugins.callback import CallbackBase

SLACK_HOSTS = ("hooks.slack.com", "chat.googleapis.com")
CLUSTER_NAMES = ("cluster_name", "dynamo_cluster_name")
MOST_TASKS = 5


def text_of(message: Mapping[str, Any]) -> str:
    """One line for people."""
    about = message["playbook"] + (f" of {message['cluster']}" if message["cluster"] else "")
    about += " (check mode)" if message["check_mode"] else ""
    if message["event"] == "start":
        return f"{about} has begun"
    seconds = int(message["seconds"])
    took = f"{seconds // 60} min {seconds % 60} s" if seconds >= 60 else f"{seconds} s"
    if message["event"] == "finish":
        return f"{about} is done after {took}: {message['changed']} changed"
    failed = message["tasks_failed"]
    return f"{about} failed after {took}" + (f" at: {'; '.join(failed)}" if failed else "")


def body_of(message: Mapping[str, Any], form: str, host: str) -> dict[str, Any]:
    """What is posted: the message in the form that a receiver takes."""
    if form == "auto":
        form = "slack" if host in SLACK_HOSTS else "generic"
    text = text_of(message)
    return {"text": text} if form == "slack" else {**message, "text": text}


def name_of(thing: Any) -> str:
    """Name of a task as its author wrote it: a rendered one could hold the value of any variable."""
    source = thing.get_ds() if hasattr(thing, "get_ds") else None
    name = source.get("name") if isinstance(source, dict) else None
    return str(name or getattr(thing, "action", "") or "a task without a name")


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Feeds Ansible's events into messages."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "ai_on_eks.dynamo.notify"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._playbook = ""
        self._cluster = ""
        self._started = datetime.now(timezone.utc)
        self._clock = time.monotonic()
        self._told = False
        self._failures: dict[str, list[str]] = {}

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Remember what runs."""
        self._playbook = Path(str(getattr(playbook, "_file_name", "") or "")).name

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Tell of the beginning with the first play: it knows the variables of the command line."""
        if self._told:
            return
        self._told = True
        given = play.get_variable_manager().extra_vars
        self._cluster = next((str(given[name]) for name in CLUSTER_NAMES if given.get(name)), "")
        self._tell({"event": "start"})

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Remember a failure, unless the play ignores it."""
        if not ignore_errors:
            self._failures.setdefault(result.host.get_name(), []).append(name_of(result.task))

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Remember a host that could not be reached."""
        self._failures.setdefault(result.host.get_name(), []).append(name_of(result.task))

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Tell of the end."""
        hosts = {host: stats.summarize(host) for host in sorted(stats.processed)}
        counts = {host: one["failures"] + one["unreachable"] for host, one in hosts.items()}
        # A failure is seen before a play rescues it. A host's run ends with its real failure, so its last ones count.
        failed = [name for host, number in counts.items() if number for name in self._failures.get(host, [])[-number:]]
        self._tell(
            {
                "event": "failure" if sum(counts.values()) else "finish",
                "seconds": round(time.monotonic() - self._clock, 1),
                "ok": sum(one["ok"] for one in hosts.values()),
                "changed": sum(one["changed"] for one in hosts.values()),
                "failed": sum(counts.values()),
                "tasks_failed": failed[:MOST_TASKS],
            }
        )

    def _tell(self, news: dict[str, Any]) -> None:
        url = self.get_option("url")
        if not url or news["event"] not in self.get_option("events"):
            return
        message = {
            "playbook": self._playbook,
            "cluster": self._cluster,
            "started": self._started.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "check_mode": bool(context.CLIARGS.get("check", False)),
            **news,
        }
        address = urlsplit(url)
        if address.scheme not in ("http", "https") or not address.hostname:
            self._display.warning("Failed to notify: AI_ON_EKS_NOTIFY_URL is no address that begins with https://.")
            return
        token = self.get_option("token")
        try:
            urls.open_url(
                url,
                data=json.dumps(body_of(message, self.get_option("format"), address.hostname)),
                method="POST",
                headers={
                    "Content-Type": "application/json",
                    **({"Authorization": f"Bearer {token}"} if token else {}),
                },
                timeout=self.get_option("timeout"),
                http_agent="ai_on_eks.dynamo",
            ).close()
        except HTTPError as error:
            self._warn(address.hostname, f"HTTP {error.code}")
        except (OSError, ValueError, HTTPException, urls.ConnectionError) as error:
            self._warn(address.hostname, type(error).__name__)

    def _warn(self, host: str, why: str) -> None:
        self._display.warning(
            f"Failed to notify {host}: {why}. Check AI_ON_EKS_NOTIFY_URL and AI_ON_EKS_NOTIFY_TOKEN. "
            "The run is not affected."
        )
