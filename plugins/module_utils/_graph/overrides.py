# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What a user may change about an example without editing it."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field, fields

from .definition import MODEL, DefinitionError
from .memory import DEGREES

REGISTRY = "nvcr.io/nvidia/ai-dynamo"
CAPACITY_TYPES = ("on-demand", "spot", "reserved")
SPREADS = ("zone", "node")
_NAME = re.compile(r"^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$")


@dataclass(frozen=True)
class Overrides:
    """Changes to a definition; empty means as the definition, or the version, says."""

    name: str = ""
    model: str = ""
    model_source: str = ""
    """Where the model comes from when that is not Hugging Face: s3://BUCKET/PREFIX or pvc://CLAIM/PATH."""
    model_revision: str = ""
    """Commit, tag or branch of the model at Hugging Face."""
    model_cache: str = ""
    """PersistentVolumeClaim that holds the model already when the graph starts."""
    adapters: t.Mapping[str, str] = field(default_factory=dict)
    """LoRA adapters by the name that they are asked for by: hf://, s3:// or file://."""
    registry: str = REGISTRY
    image_tag: str = ""
    images: t.Mapping[str, str] = field(default_factory=dict)
    """Whole image references (tag or digest included) by component."""
    image_pull_secrets: t.Sequence[str] = ()
    hf_token_secret: str = ""
    replicas: t.Mapping[str, int] = field(default_factory=dict)
    """Number of replicas by component, or by role."""
    scaling: t.Mapping[str, t.Mapping[str, int]] = field(default_factory=dict)
    """Components, or roles, whose replicas an autoscaler sets: {min: 1, max: 4}."""
    node_pool: str = ""
    """NodePool for every component with GPUs."""
    frontend_pool: str = ""
    """NodePool for every component without."""
    instance_types: t.Sequence[str] = ()
    instance_families: t.Sequence[str] = ()
    capacity_type: str = ""
    capacity_reservation: str = ""
    spread: str = ""
    """zone or node: replicas of a component with GPUs rather not together."""
    efa: int = 0
    """EFA interfaces of every replica with GPUs."""
    efa_huge_pages: str = ""
    environment: t.Mapping[str, str] = field(default_factory=dict)
    tensor_parallel: int = 0
    """GPUs of every replica of every engine, which divides its model over them."""
    nodes: int = 0
    """Nodes of every replica of every engine; its GPUs are those of each node."""
    max_model_len: int = 0
    """Tokens of the longest request that engines take."""
    arguments: t.Mapping[str, t.Any] = field(default_factory=dict)
    """Further arguments for every engine, without the leading dashes."""


_LISTS = ("image_pull_secrets", "instance_types", "instance_families")
_TEXTS = ("images", "environment", "adapters")
_COUNTS = ("tensor_parallel", "max_model_len", "nodes", "efa")
_CHOICES = {"capacity_type": CAPACITY_TYPES, "spread": SPREADS}


def read(given: t.Mapping[str, t.Any]) -> Overrides:
    """Make Overrides of a plain dict; raise DefinitionError for an unknown key or an unusable value.

    Strings come from the command line, so a list may be "a,b" and a dict "a=1,b=2".
    """
    known = [entry.name for entry in fields(Overrides)]
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise _refusal(f"{', '.join(unknown)} unknown. Known are {', '.join(known)}")
    chosen = {key: value for key, value in given.items() if value not in (None, "", {}, [])}
    _names(chosen)
    for key in _LISTS:
        chosen[key] = _list(key, chosen.get(key, []))
    for key in _TEXTS:
        chosen[key] = {name: str(value) for name, value in _dict(key, chosen.get(key, {})).items()}
    for key in _COUNTS:
        chosen[key] = _count(key, chosen.get(key, 0))
    for key, words in _CHOICES.items():
        if str(chosen.get(key, "")) not in ("", *words):
            raise _refusal(f"{key} must be one of {', '.join(words)}; got {chosen[key]!r}")
    if chosen["tensor_parallel"] not in (0, *DEGREES):
        degrees = ", ".join(map(str, DEGREES))
        raise _refusal(
            f"tensor_parallel must be one of {degrees} (the GPUs of one node); got {chosen['tensor_parallel']}"
        )
    chosen["replicas"] = counts(chosen.get("replicas", {}))
    chosen["scaling"] = {
        name: _range(name, value) for name, value in _dict("scaling", chosen.get("scaling", {})).items()
    }
    if not isinstance(chosen.get("arguments", {}), dict):
        raise _refusal("arguments must be a dict, for example {max-num-seqs: 64}")
    return Overrides(**chosen)


def counts(given: object) -> dict[str, int]:
    """Read numbers of replicas by component or role: {decode: 2} or "decode=2,prefill=1"."""
    found = _dict("replicas", given)
    try:
        numbers = {name: int(value) for name, value in found.items()}
    except (TypeError, ValueError) as error:
        raise _refusal(f"replicas must be numbers by component: {error}") from error
    negative = sorted(name for name, value in numbers.items() if value < 0)
    if negative:
        raise _refusal(f"replicas of {', '.join(negative)} must not be negative")
    return numbers


def _refusal(cause: str) -> DefinitionError:
    return DefinitionError(f"Failed to use overrides: {cause}.")


def _names(chosen: t.Mapping[str, t.Any]) -> None:
    if "name" in chosen and not _NAME.match(str(chosen["name"])):
        raise _refusal(
            f"name {chosen['name']!r} is no name of a graph. Use at most 40 lower-case letters, digits and hyphens"
        )
    model = str(chosen.get("model", ""))
    if not re.search(MODEL, model):
        raise _refusal(
            f"model {model!r} is no id of Hugging Face (owner/name). For files in a bucket or on a volume give the "
            "name to serve them by as model, and where they are as model_source"
        )


def _list(key: str, value: object) -> list[str]:
    if isinstance(value, str):
        return [word.strip() for word in value.split(",") if word.strip()]
    if not isinstance(value, (list, tuple)):
        raise _refusal(f"{key} must be a list, or words separated by commas; got {type(value).__name__}")
    return [str(entry) for entry in value]


def _dict(key: str, value: object) -> dict[str, t.Any]:
    if isinstance(value, str):
        pairs = [word.partition("=") for word in value.split(",") if word.strip()]
        if not all(name.strip() and equals for name, equals, _rest in pairs):
            raise _refusal(f"{key} must be a dict, or name=value separated by commas; got {value!r}")
        return {name.strip(): rest.strip() for name, _equals, rest in pairs}
    if not isinstance(value, dict):
        raise _refusal(f"{key} must be a dict; got {type(value).__name__}")
    return {str(name): entry for name, entry in value.items()}


def _range(name: str, value: object) -> dict[str, int]:
    """Read {min: 1, max: 4}, or "1-4"."""
    if isinstance(value, str) and re.match(r"^\d+-\d+$", value):
        low, _dash, high = value.partition("-")
        value = {"min": low, "max": high}
    try:
        found = {key: int(value[key]) for key in ("min", "max")} if isinstance(value, dict) else {}
    except (KeyError, TypeError, ValueError):
        found = {}
    if not found or not 1 <= found["min"] <= found["max"]:
        raise _refusal(
            f"scaling of {name} must be {{min: 1, max: 4}} or 1-4, at least 1 (without workers nobody could ask); "
            f"got {value!r}"
        )
    return found


def _count(key: str, value: t.Any) -> int:
    """Return a count; strings come from the command line."""
    try:
        number = int(value)
    except (TypeError, ValueError) as error:
        raise _refusal(f"{key} must be a number; got {value!r}") from error
    if number < 0:
        raise _refusal(f"{key} must not be negative; got {number}")
    return number
