# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What a load is made of: how many requests, when, with which prompts. Pure; the same seed makes the same load."""

from __future__ import annotations

import json
import random
import typing as t
from dataclasses import asdict, dataclass

STREAMS = 64
TEXT = (
    "time year people way day man thing woman life child world school state family student group country problem hand "
    "part place case week company system program question work government number night point home water room mother "
    "area money story fact month lot right study book eye job word business issue side kind head house service"
)
WORDS = TEXT.split()
PROMPTS = ("short", "long", "shared_prefix", "file")
LENGTHS = {"short": 24, "long": 1000, "shared_prefix": 1000}

Json = dict[str, t.Any]


@dataclass(frozen=True)
class Plan:
    """A load. Either `requests` (a count) or `duration` (seconds) is above 0.

    `rate`: requests per second that arrive whether the endpoint keeps up or not (open loop); 0 = each of `concurrency`
    streams sends its next request when its last one was answered (closed loop). `ramp`: seconds over which the streams
    of a closed loop start. `warmup`: the first requests, which are not measured. `longest`: seconds after which no
    request is started, whatever else was asked for.
    """

    concurrency: int = 1
    requests: int = 0
    duration: float = 0.0
    rate: float = 0.0
    seed: int = 1
    warmup: int = 0
    ramp: float = 0.0
    max_tokens: int = 64
    prompts: str = "short"
    prompt_words: int = 0
    longest: float = 600.0

    def arrivals(self) -> t.Iterator[float]:
        """Seconds after the start at which requests of an open loop arrive: a Poisson process."""
        source, now = random.Random(self.seed), 0.0  # noqa: S311  # a load, not a secret
        while True:
            now += source.expovariate(self.rate)
            yield now

    def as_settings(self) -> Json:
        """The plan for the report."""
        return {**asdict(self), "loop": "open" if self.rate else "closed"}


def bodies(plan: Plan, model: str, extra: Json, texts: t.Sequence[t.Any] = ()) -> t.Iterator[bytes]:
    """Bodies of chat requests without end; `texts` are the lines of a file of prompts, used in turn."""
    source = random.Random(plan.seed)  # noqa: S311  # a load, not a secret
    length = plan.prompt_words or LENGTHS.get(plan.prompts, 0)
    shared = words(source, length) if plan.prompts == "shared_prefix" else ""
    number = 0
    while True:
        number += 1
        if plan.prompts == "file":
            messages = texts[(number - 1) % len(texts)]
        else:
            # The number in front keeps caches of prefixes out of a measurement that is not about them.
            text = f"{shared} {number}" if shared else f"{number} {words(source, length)}"
            messages = [{"role": "user", "content": text}]
        body = {
            "model": model,
            "messages": messages,
            "max_tokens": plan.max_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
            **extra,
        }
        yield json.dumps(body).encode()


def words(source: random.Random, count: int) -> str:
    """A text of that many words."""
    return " ".join(source.choices(WORDS, k=max(1, count)))


def read_prompts(text: str) -> list[Json | list[Json]]:
    """Messages of every line of a file: JSON with `prompt` or `messages`, or plain text. Raises ValueError."""
    found: list[t.Any] = []
    for place, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        if not line.lstrip().startswith("{"):
            found.append([{"role": "user", "content": line.strip()}])
            continue
        try:
            entry = json.loads(line)
        except ValueError as error:
            raise ValueError(f"line {place} is no JSON: {error}") from error
        prompt, messages = entry.get("prompt"), entry.get("messages")
        if isinstance(prompt, str) and prompt:
            messages = [{"role": "user", "content": prompt}]
        if not isinstance(messages, list) or not messages:
            raise ValueError(f"line {place} has neither a prompt nor messages")
        found.append(messages)
    if not found:
        raise ValueError("it holds no prompt")
    return found
