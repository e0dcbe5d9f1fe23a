# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Checks of AWX's own: of surveys and their answers, of schedules' rules, and which files it takes for playbooks."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from dateutil import rrule

from tests.awx.fields import ENCRYPTED

Json = dict[str, Any]
SURVEY_TYPES: dict[str, Any] = {
    **dict.fromkeys(("text", "textarea", "password", "multiplechoice", "multiselect"), str),
    "integer": int,
    "float": (float, int),
}
_PLAYBOOK = re.compile(
    r"^\s*?-?\s*?(?:hosts|(ansible\.builtin\.)?include|(ansible\.builtin\.)?import_playbook):\s*?.*?$"
)


def is_integer(value: Any) -> bool:
    """Tell whether AWX takes a value for an integer; a bool is none."""
    return isinstance(value, int) and not isinstance(value, bool)


def survey_fault(spec: Json) -> str:
    """What AWX has against a survey when it is saved, "" for nothing."""
    for name, kind in (("name", str), ("description", str), ("spec", list)):
        if not isinstance(spec.get(name), kind):
            return f"Field '{name}' is missing from survey spec, or of another type than {kind.__name__}."
    if not spec["spec"]:
        return "'spec' doesn't contain any items."
    seen = set()
    for index, question in enumerate(spec["spec"]):
        for name in ("type", "question_name", "variable", "required"):
            if name not in question:
                return f"'{name}' missing from survey question {index}"
            if not isinstance(question[name], bool if name == "required" else str):
                return f"'{name}' in survey question {index} expected to be another type."
        if question["variable"] in seen:
            return f"'variable' '{question['variable']}' duplicated in survey question {index}."
        seen.add(question["variable"])
        fault = question_fault(question)
        if fault:
            return f"{fault} (survey question {index}, {question['variable']})"
    return ""


def question_fault(question: Json) -> str:
    """What AWX has against one question whose general parts are right, "" for nothing."""
    kind, default = question["type"], question.get("default", "")
    if kind not in SURVEY_TYPES:
        return f"'{kind}' is not one of '{', '.join(SURVEY_TYPES)}' allowed question types."
    if default != "" and not isinstance(default, SURVEY_TYPES[kind]):
        return f"Default value {default} expected to be {kind}."
    if any(question.get(name) is not None and not isinstance(question[name], int) for name in ("min", "max")):
        return "The min or max limit expected to be integer."
    if kind in ("multiplechoice", "multiselect"):
        if "choices" not in question:
            return f"A question of type {kind} must specify choices."
        defaults = [line for line in str(default).splitlines() if line.strip()]
        if kind == "multiplechoice" and len(defaults) > 1:
            return "Multiple Choice (Single Select) can only have one default value."
        if any(line not in question["choices"] for line in defaults):
            return "Default choice must be answered from the choices listed."
    if isinstance(default, str) and default.startswith(ENCRYPTED):
        return "$encrypted$ is a reserved keyword."
    return ""


def answer_fault(question: Json, answers: Json, required: bool = True) -> str:
    """What AWX has against the answer to a question when a job starts, "" for nothing."""
    name, kind = question["variable"], question["type"]
    if name not in answers:
        return f"'{name}' value missing" if question["required"] and required else ""
    answer = answers[name]
    if kind in ("text", "textarea", "password"):
        if not isinstance(answer, str):
            return f"Value {answer} for '{name}' expected to be a string."
        return _range_fault(question, len(answer))
    if kind == "integer" and not is_integer(answer):
        return f"Value {answer} for '{name}' expected to be an integer."
    if kind == "float" and not isinstance(answer, float) and not is_integer(answer):
        return f"Value {answer} for '{name}' expected to be a numeric type."
    if kind in ("integer", "float"):
        return _range_fault(question, answer)
    if kind == "multiselect" and not isinstance(answer, list):
        return f"'{name}' value is expected to be a list."
    choices = question["choices"].splitlines() if isinstance(question["choices"], str) else question["choices"]
    wrong = [one for one in (answer if kind == "multiselect" else [answer]) if one not in choices]
    return f"Value {wrong[0]} for '{name}' expected to be one of {choices}." if wrong else ""


def _range_fault(question: Json, value: float) -> str:
    low, high = question.get("min"), question.get("max")
    if low not in ("", None) and value < low:
        return f"'{question['variable']}' value {value} is too small (must be at least {low})."
    if high not in ("", None) and value > high:
        return f"'{question['variable']}' value {value} is too large (must be no more than {high})."
    return ""


def rrule_faults(value: str) -> list[str]:
    """What AWX has against a schedule's rule."""
    rules = re.findall(r".*?(RULE\:[^\s]*)", value)
    starts = re.findall(r".*?(DTSTART(;[^:]+)?\:[0-9]+T[0-9]+Z?)", value)
    faults = []
    if len(starts) != 1:
        faults.append("Valid DTSTART required in rrule, and only one.")
    if re.findall(r".*?(DTSTART:[0-9]+T[0-9]+) ", value):
        faults.append("DTSTART cannot be a naive datetime.")
    if "rrule:" not in value.lower():
        faults.append("One or more rule required in rrule.")
    for rule in rules:
        if "interval" not in rule.lower():
            faults.append(f"INTERVAL required in rrule: {rule}")
        if "secondly" in rule.lower() or re.match(r".*?BYDAY[\:\=][0-9]+[a-zA-Z]{2}", rule):
            faults.append(f"SECONDLY and BYDAY with numeric prefix not supported: {rule}")
        if "COUNT" in rule and "UNTIL" in rule:
            faults.append(f"RRULE may not contain both COUNT and UNTIL: {rule}")
    try:
        rrule.rrulestr(value.replace(" ", "\n"))
    except ValueError as error:
        faults.append(f"rrule parsing failed validation: {error}")
    return faults


def playbooks(project: Path) -> list[str]:
    """The playbooks that AWX offers of a project."""
    found = []
    for folder, _folders, files in os.walk(project):
        parts = Path(folder).relative_to(project).parts
        if {"roles", "tasks", "group_vars", "host_vars"} & set(parts) or any(part.startswith(".") for part in parts):
            continue
        for name in files:
            path = Path(folder) / name
            if path.suffix in (".yml", ".yaml"):
                lines = path.read_text(encoding="utf-8", errors="ignore").splitlines()
                if any(_PLAYBOOK.match(line) for line in lines):
                    found.append(str(path.relative_to(project)))
    return sorted(found)
