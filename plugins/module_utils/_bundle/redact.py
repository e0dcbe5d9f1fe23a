# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Take secrets out of objects and texts. Pure.

Two nets: by name (an environment variable, a key or a flag that sounds like a secret loses its value), and by form
(what looks like a token goes wherever it stands). A Secret is never read at all.
"""

from __future__ import annotations

import re
import typing as t

Json = dict[str, t.Any]

REMOVED = "<removed>"
# In names whose values are secrets. Names of Secrets and their keys are none: they are needed to see what is missing.
_WORDS = (
    r"token|passw(?:or)?d|passphrase|secret|credential|authorization|cookie"
    r"|api[-_.]?key|access[-_.]?key|private[-_.]?key"
)
_NAME = rf"[\w.-]*(?:{_WORDS})[\w.-]*"
SENSITIVE = re.compile(_WORDS, re.IGNORECASE)
# Sounds like a secret, and is none.
HARMLESS = re.compile(
    r"max[-_.]?(new[-_.]?)?tokens?|tokens?[-_.]?(per|limit|count|budget)|num[-_.]?tokens?|batched[-_.]?tokens?"
    r"|tokenizer|secret[-_.]?(name|ref|key[-_.]?ref)|from[-_.]?secret|service[-_.]?account[-_.]?token|token[-_.]?(expiration|file|path)",
    re.IGNORECASE,
)
FORMS = (
    re.compile(r"\bhf_[A-Za-z0-9]{10,}"),
    re.compile(r"\bnvapi-[A-Za-z0-9_-]{10,}"),
    re.compile(r"\bgh[pousr]_[A-Za-z0-9]{20,}"),
    re.compile(r"\bsk-[A-Za-z0-9_-]{16,}"),
    re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    # A JSON web token, and what `aws eks get-token` returns.
    re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),
    re.compile(r"\bk8s-aws-v1\.[A-Za-z0-9_-]{20,}"),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
)
# What stands behind a word: kept is the word.
BEHIND = (
    re.compile(r"(?i)(\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}"),
    # user:password@ in an address
    re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s/:@]+:[^\s/@]+(?=@)"),
    re.compile(r"(?i)(\bx-amz-(?:security-token|signature|credential)=)[^\s&\"']+"),
    # --token value, --api-key=value
    re.compile(rf"(?i)((?<!\S)--?{_NAME}(?:=|\s+)[\"']?)([^\s\"',;]{{6,}})"),
    # token: value, "token": "value", HF_TOKEN=value
    re.compile(rf"(?i)(\b{_NAME}[\"']?[=:]\s*[\"']?)([^\s\"',;&}}{{]{{6,}})"),
)
# What helps nobody, or repeats an object as somebody once wrote it.
USELESS_ANNOTATIONS = ("kubectl.kubernetes.io/last-applied-configuration",)


def is_sensitive(name: str) -> bool:
    """Tell whether a name promises a secret."""
    return bool(SENSITIVE.search(name)) and not HARMLESS.search(name)


def clean_text(text: str) -> str:
    """Return a text without what looks like a secret."""
    for form in FORMS:
        text = form.sub(REMOVED, text)
    for form in BEHIND:
        text = form.sub(_keep_word, text)
    return text


def _keep_word(found: re.Match[str]) -> str:
    return found[0] if HARMLESS.search(found[1]) else f"{found[1]}{REMOVED}"


def clean(obj: Json) -> Json:
    """Return a copy of an object without secrets and without what helps nobody."""
    kept = {key: value for key, value in obj.items() if key != "metadata"}
    meta = {key: value for key, value in (obj.get("metadata") or {}).items() if key != "managedFields"}
    if meta.get("annotations"):
        meta["annotations"] = {
            key: value for key, value in meta["annotations"].items() if key not in USELESS_ANNOTATIONS
        }
    return {"metadata": _clean(meta), **{key: _clean(value, key) for key, value in kept.items()}}


def _clean(value: t.Any, name: str = "") -> t.Any:
    if isinstance(value, dict):
        return _clean_dict(value)
    if isinstance(value, list):
        return _clean_list(value)
    if isinstance(value, str):
        return REMOVED if value and is_sensitive(name) else clean_text(value)
    return value


def _clean_dict(value: Json) -> Json:
    # An entry of a list such as env: a name beside its value.
    named = str(value.get("name") or "") if "value" in value else ""
    return {key: _clean(item, named if key == "value" and named else str(key)) for key, item in value.items()}


def _clean_list(value: list[t.Any]) -> list[t.Any]:
    """Clean entries; a word behind a flag that sounds like a secret is one."""
    found: list[t.Any] = []
    flag = ""
    for item in value:
        found.append(_clean(item, flag) if isinstance(item, str) else _clean(item))
        flag = item if isinstance(item, str) and item.startswith("-") and "=" not in item else ""
    return found
