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

from .definition import DefinitionError
from .memory import DEGREES

REGISTRY = "nvcr.io/nvidia/ai-dynamo"
_NAME = re.compile(r"^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$")


@dataclass(frozen=True)
class Overrides:
    """Changes to a definition; empty means as the definition, or the version, says."""

    name: str = ""
    model: str = ""
    registry: str = REGISTRY
    image_tag: str = ""
    images: t.Mapping[str, str] = field(default_factory=dict)
    """Whole image references (tag or digest included) by component."""
    image_pull_secrets: t.Sequence[str] = ()
    hf_token_secret: str = ""
    replicas: t.Mapping[str, int] = field(default_factory=dict)
    """Number of replicas by component."""
    node_pool: str = ""
    """NodePool for every component with GPUs."""
    environment: t.Mapping[str, str] = field(default_factory=dict)
    tensor_parallel: int = 0
    """GPUs of every replica of every engine, which divides its model over them."""
    max_model_len: int = 0
    """Tokens of the longest request that engines take."""
    arguments: t.Mapping[str, t.Any] = field(default_factory=dict)
    """Further arguments for every engine, without the leading dashes."""


def _positive(key: str, value: t.Any) -> int:
    """Return a count; strings come from the command line."""
    try:
        number = int(value)
    except (TypeError, ValueError) as error:
        raise DefinitionError(f"Failed to use overrides: {key} must be a number; got {value!r}.") from error
    if number < 0:
        raise DefinitionError(f"Failed to use overrides: {key} must not be negative; got {number}.")
    return number


def read(given: t.Mapping[str, t.Any]) -> Overrides:
    """Make Overrides of a plain dict; raise DefinitionError for an unknown key or an unusable value."""
    known = [entry.name for entry in fields(Overrides)]
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise DefinitionError(f"Failed to use overrides: {', '.join(unknown)} unknown. Known are {', '.join(known)}.")
    chosen = {key: value for key, value in given.items() if value not in (None, "", {}, [])}
    if "name" in chosen and not _NAME.match(str(chosen["name"])):
        raise DefinitionError(
            f"Failed to use overrides: name {chosen['name']!r} is no name of a graph. Use at most 40 lower-case "
            "letters, digits and hyphens."
        )
    try:
        chosen["replicas"] = {str(key): int(value) for key, value in dict(chosen.get("replicas", {})).items()}
    except (TypeError, ValueError) as error:
        raise DefinitionError(f"Failed to use overrides: replicas must be numbers by component: {error}.") from error
    negative = sorted(key for key, value in chosen["replicas"].items() if value < 0)
    if negative:
        raise DefinitionError(f"Failed to use overrides: replicas of {', '.join(negative)} must not be negative.")
    for key in ("tensor_parallel", "max_model_len"):
        chosen[key] = _positive(key, chosen.get(key, 0))
    if chosen["tensor_parallel"] not in (0, *DEGREES):
        degrees = ", ".join(map(str, DEGREES))
        raise DefinitionError(
            f"Failed to use overrides: tensor_parallel must be one of {degrees} (the GPUs of one node); "
            f"got {chosen['tensor_parallel']}."
        )
    if not isinstance(chosen.get("arguments", {}), dict):
        raise DefinitionError("Failed to use overrides: arguments must be a dict, for example {max-num-seqs: 64}.")
    for key in ("images", "environment"):
        if not isinstance(chosen.get(key, {}), dict):
            raise DefinitionError(f"Failed to use overrides: {key} must be a dict; got {type(chosen[key]).__name__}.")
        chosen[key] = {str(name): str(value) for name, value in chosen.get(key, {}).items()}
    secrets = chosen.get("image_pull_secrets", [])
    if not isinstance(secrets, (list, tuple)):
        raise DefinitionError("Failed to use overrides: image_pull_secrets must be a list of names of Secrets.")
    chosen["image_pull_secrets"] = [str(secret) for secret in secrets]
    return Overrides(**chosen)
