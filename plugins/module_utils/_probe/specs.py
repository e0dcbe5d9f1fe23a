# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Read which checks a caller wants, with what options. Pure; ValueError says what is wrong and what there is."""

from __future__ import annotations

import math
import re
import typing as t

from .checks import CHECKS, DEFAULT_CHECKS, Option
from .checks.loading import check_options
from .load.gates import check_limits
from .session import Spec

COMMON: dict[str, Option] = {"required": Option(False, bool), "label": Option("")}
KINDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false", list: "a list", dict: "a dict"}
TRUE, FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def parse(wanted: t.Sequence[t.Any] | None) -> list[Spec]:
    """Make specs of names and of dicts with a name and options. Raises ValueError."""
    found: list[Spec] = []
    for place, entry in enumerate(DEFAULT_CHECKS if wanted is None else wanted):
        given = {"name": entry} if isinstance(entry, str) else entry
        if not isinstance(given, dict) or not isinstance(given.get("name"), str):
            raise ValueError(f"checks[{place}] must be a name, or a dict with a name; got: {entry!r}")
        name = given["name"]
        if name not in CHECKS:
            raise ValueError(f"checks[{place}] is {name!r}, which is no check. There are: {', '.join(CHECKS)}.")
        known = {**COMMON, **CHECKS[name].options}
        values = {key: option.default for key, option in known.items()}
        for key, value in given.items():
            if key == "name":
                continue
            if key not in known:
                raise ValueError(
                    f"checks[{place}] ({name}) has no option {key!r}. There are: {', '.join(['name', *known])}."
                )
            try:
                values[str(key)] = convert(value, known[key])
            except ValueError as error:
                raise ValueError(f"checks[{place}] ({name}): {key} {error}") from error
        required, label = values.pop("required"), values.pop("label")
        spec = Spec(name, label or fresh_label(name, found), required, values)
        try:
            check(spec)
        except ValueError as error:
            raise ValueError(f"checks[{place}] ({name}): {error}") from error
        found.append(spec)
    if not found:
        raise ValueError(f"checks is empty. There are: {', '.join(CHECKS)}.")
    labels = [spec.label for spec in found]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise ValueError(f"checks has the label {twice[0]} more than once")
    return found


def fresh_label(name: str, found: list[Spec]) -> str:
    """The name, with a number from the second check of that name on."""
    number = sum(spec.name == name for spec in found)
    return f"{name} {number + 1}" if number else name


def convert(value: t.Any, option: Option) -> t.Any:
    """A value in the option's type; what comes from the command line is text. Raises ValueError."""
    kind = option.kind
    found = value
    if kind is bool and isinstance(value, str) and value.lower() in (*TRUE, *FALSE):
        found = value.lower() in TRUE
    elif kind in (int, float) and isinstance(value, (str, int, float)) and not isinstance(value, bool):
        try:
            found = kind(value) if not (kind is int and isinstance(value, float)) else value
        except ValueError:
            found = value
        found = int(found) if kind is int and isinstance(found, float) and found.is_integer() else found
    if not isinstance(found, kind) or (kind is not bool and isinstance(found, bool)):
        raise ValueError(f"must be {KINDS[kind]}; got: {value!r}")
    if kind in (int, float):
        low, high = option.minimum, option.maximum
        if math.isnan(found) or (low is not None and found < low) or (high is not None and found > high):
            top = "" if high is None else f" and at most {high:g}"
            raise ValueError(f"must be at least {low or 0:g}{top}; got: {value!r}")
    for word in found if kind is list and option.choices else [found] if option.choices else []:
        if word not in option.choices:
            raise ValueError(f"must be one of {', '.join(option.choices)}; got: {word!r}")
    return found


def check(spec: Spec) -> None:
    """What concerns several options of one check. Raises ValueError."""
    if spec.name == "log" and not (spec["selector"] and spec["pattern"]):
        raise ValueError("selector and pattern are needed")
    for name in ("pattern", "families"):
        if spec.options.get(name):
            try:
                re.compile(spec[name])
            except re.error as error:
                raise ValueError(f"{name} is no regular expression: {error}") from error
    if spec.name == "prometheus" and not spec["selector"]:
        raise ValueError("selector is needed: the labels of the pods that must be targets")
    if spec.name == "stop" and not spec["stop"]:
        raise ValueError("stop must not be empty")
    if spec.name == "load_job" and spec["requests"] and spec["duration"]:
        raise ValueError("requests and duration exclude each other")
    if spec.name in ("load", "load_job"):
        check_limits(spec["slo"])
    if spec.name == "load":
        check_options(spec)
