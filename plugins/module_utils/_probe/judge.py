# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Judge what an OpenAI-compatible server answered. Pure: documents in, findings out; Failed says what is wrong."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass, field

from .session import REASONING_KEYS, Failed
from .sse import Event

FINISH_REASONS = ("stop", "length", "tool_calls", "function_call", "content_filter")
DONE = "[DONE]"
# A server may send a token in parts (by the character, say), never without end.
CHUNKS_PER_TOKEN, SLACK = 16, 64
Json = dict[str, t.Any]


@dataclass
class Completion:
    """What a correct answer held. Token counts are the server's own, None when it sent no usage."""

    content: str = ""
    reasoning: str = ""
    finish_reason: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    # Part of the prompt that the server had in its cache, as far as it tells.
    cached_tokens: int = 0

    @property
    def text(self) -> str:
        """What the model said; its reasoning when it said nothing else."""
        return self.content.strip() or self.reasoning.strip()

    def evidence(self) -> str:
        """The answer and its size in one line."""
        tokens = "no usage" if self.completion_tokens is None else f"{self.completion_tokens} tokens"
        kind = "reasoning only, " if not self.content.strip() else ""
        return f"{quoted(self.text)} ({kind}{tokens}, finish_reason {self.finish_reason})"


def quoted(text: str, limit: int = 160) -> str:
    """`text` on one line, in quotation marks, shortened."""
    line = " ".join(text.split())
    return f'"{line[:limit]}{"…" if len(line) > limit else ""}"'


def refuse_error(document: t.Any) -> Json:
    """Return the document when it is an object without an error in it."""
    if not isinstance(document, dict):
        raise Failed(f"the answer is a JSON {type(document).__name__}, not an object")
    if document.get("error"):
        raise Failed(f"the answer is an error: {quoted(json.dumps(document['error']))}")
    return document


def check_model(document: Json, model: str) -> None:
    """The answer must come from the model that was asked."""
    if document.get("model") != model:
        raise Failed(f"asked the model {model}, but {document.get('model')} answered")


def check_usage(usage: t.Any, max_tokens: int) -> tuple[int | None, int | None]:
    """Return (prompt, completion) tokens after checking that they add up; (None, None) without usage."""
    if not isinstance(usage, dict):
        return None, None
    counts = [usage.get(key) for key in ("prompt_tokens", "completion_tokens", "total_tokens")]
    prompt, completion, total = (count if isinstance(count, int) else -1 for count in counts)
    if min(prompt, completion, total) < 0:
        raise Failed(f"usage is incomplete: {quoted(json.dumps(usage))}")
    if prompt + completion != total:
        raise Failed(f"usage does not add up: {prompt} + {completion} is not {total}")
    if completion > max_tokens:
        raise Failed(f"{completion} tokens came, but max_tokens was {max_tokens}")
    return prompt, completion


def take_usage(found: Completion, usage: t.Any, max_tokens: int) -> None:
    """Put the tokens of a usage into `found` after checking that they add up."""
    found.prompt_tokens, found.completion_tokens = check_usage(usage, max_tokens)
    details = usage.get("prompt_tokens_details") if isinstance(usage, dict) else None
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    found.cached_tokens = cached if isinstance(cached, int) else 0


def check_finish(reason: t.Any) -> str:
    """Return the finish reason when it is one that the API knows."""
    if reason not in FINISH_REASONS:
        raise Failed(f"finish_reason is {json.dumps(reason)}, not one of {', '.join(FINISH_REASONS)}")
    return str(reason)


def first_choice(document: Json) -> Json:
    """The only choice of an answer to a request with n = 1."""
    choices = document.get("choices")
    if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], dict):
        raise Failed(f"one choice was asked for; choices is {quoted(json.dumps(choices))}")
    return choices[0]


def chat(document: t.Any, model: str, max_tokens: int) -> Completion:
    """Judge a chat completion. The text itself is free: it may well hold the word "error"."""
    document = refuse_error(document)
    choice = first_choice(document)
    message = choice.get("message")
    if not isinstance(message, dict):
        raise Failed("the choice has no message")
    found = Completion(
        content=text_of(message),
        reasoning=reasoning_of(message),
        finish_reason=check_finish(choice.get("finish_reason")),
    )
    check_model(document, model)
    take_usage(found, document.get("usage"), max_tokens)
    return require_text(found)


def completion(document: t.Any, model: str, max_tokens: int) -> Completion:
    """Judge a plain text completion."""
    document = refuse_error(document)
    choice = first_choice(document)
    found = Completion(content=str(choice.get("text") or ""), finish_reason=check_finish(choice.get("finish_reason")))
    check_model(document, model)
    take_usage(found, document.get("usage"), max_tokens)
    return require_text(found)


def require_text(found: Completion) -> Completion:
    """An empty answer is a failure, however correct its frame is."""
    if not found.text:
        raise Failed(f"the answer is empty (finish_reason {found.finish_reason})")
    return found


def text_of(message: Json) -> str:
    """Text of a message or delta; a list of parts is joined."""
    content = message.get("content")
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return str(content or "")


def reasoning_of(message: Json) -> str:
    """Reasoning text of a message or delta; servers disagree on its key."""
    return next((str(message[key]) for key in REASONING_KEYS if message.get(key)), "")


@dataclass
class ChatStream:
    """Follows the events of a streamed chat completion; `take` returns what an event brought, "" for no text."""

    model: str
    max_tokens: int
    found: Completion = field(default_factory=Completion)
    chunks: int = 0
    done: bool = False
    nvext: Json = field(default_factory=dict)
    _usage: t.Any = None
    _texts: dict[str, list[str]] = field(default_factory=lambda: {"content": [], "reasoning": []})

    def take(self, event: Event) -> str:
        """Judge one event: content, reasoning, tool or "". Raises Failed: after 200 an error comes in the stream."""
        if self.done:
            raise Failed("an event came after [DONE]")
        if event.data.strip() == DONE:
            self.done = True
            return ""
        try:
            document = json.loads(event.data)
        except (ValueError, RecursionError) as error:
            raise Failed(f"an event is not JSON: {quoted(event.data)}") from error
        choices = document.get("choices") if isinstance(document, dict) else None
        if event.type == "error" or not isinstance(choices, list) or document.get("error"):
            raise Failed(f"an error came in the stream after {self.chunks} chunks: {quoted(event.data)}")
        check_model(document, self.model)
        self._usage = document.get("usage") or self._usage
        if isinstance(document.get("nvext"), dict):
            self.nvext.update(document["nvext"])
        return self._choice(choices[0]) if choices else ""

    def finish(self) -> Completion:
        """Judge the whole. Raises Failed when the stream did not end as it must."""
        self.found.content, self.found.reasoning = ("".join(self._texts[kind]) for kind in ("content", "reasoning"))
        if not self.done:
            raise Failed(f"the stream ended without [DONE] after {self.chunks} chunks; text: {quoted(self.found.text)}")
        check_finish(self.found.finish_reason or None)
        take_usage(self.found, self._usage, self.max_tokens)
        return require_text(self.found)

    def _choice(self, choice: t.Any) -> str:
        if not isinstance(choice, dict):
            raise Failed(f"a choice is no object: {quoted(json.dumps(choice))}")
        delta = choice.get("delta")
        delta = delta if isinstance(delta, dict) else {}
        content, reasoning = text_of(delta), reasoning_of(delta)
        kind = "content" if content else "reasoning" if reasoning else "tool" if delta.get("tool_calls") else ""
        if kind and self.found.finish_reason:
            raise Failed("text came after finish_reason")
        if content:
            self._texts["content"].append(content)
        if reasoning:
            self._texts["reasoning"].append(reasoning)
        reason = choice.get("finish_reason")
        if reason is not None:
            if self.found.finish_reason:
                raise Failed(f"finish_reason came twice: {self.found.finish_reason}, {reason}")
            self.found.finish_reason = check_finish(reason)
        self.chunks += bool(kind)
        if self.chunks > SLACK + CHUNKS_PER_TOKEN * self.max_tokens:
            raise Failed(f"{self.chunks} chunks came, though max_tokens was {self.max_tokens}: the stream does not end")
        return kind
