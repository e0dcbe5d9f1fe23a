# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""Answers that depend on the question alone: what EC2 offers. Rendering every type takes seconds, so once will do."""

from __future__ import annotations

import json
import threading

from rehearsal.aws.wire import Call, Response

STATIC = frozenset(
    {
        ("ec2", "DescribeInstanceTypeOfferings"),
        ("ec2", "DescribeInstanceTypes"),
        ("ec2", "DescribeSpotPriceHistory"),
        ("pricing", "GetProducts"),
    }
)
# What a caller sends along that does not change the answer.
_IGNORED = frozenset({"StartTime", "EndTime", "DryRun"})


class StaticAnswers:
    """Keeps the answers of STATIC operations by region and parameters. Safe for threads."""

    def __init__(self) -> None:
        self._answers: dict[str, Response] = {}
        self._lock = threading.Lock()

    @staticmethod
    def key(call: Call) -> str | None:
        """Name the question; None when its answer is not static."""
        if (call.service, call.action) not in STATIC or call.params.get("DryRun"):
            return None
        asked = {name: value for name, value in call.params.items() if name not in _IGNORED}
        return json.dumps([call.region, call.action, asked], sort_keys=True, default=str)

    def get(self, key: str | None) -> Response | None:
        """Return a kept answer."""
        with self._lock:
            return self._answers.get(key) if key else None

    def keep(self, key: str | None, answer: Response) -> None:
        """Keep an answer, if it was a good one."""
        if key and answer[0] == 200:
            with self._lock:
                self._answers[key] = answer
