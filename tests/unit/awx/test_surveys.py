# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Surveys are current, AWX takes them, and the playbooks know every variable and take every answer for what it is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests import awx_surveys
from tests.awx import rules
from tests.awx.data import evaluate, expressions

ROOT = Path(__file__).resolve().parents[3]
SURVEYS = awx_surveys.surveys()
#: The playbooks that a survey is for; workflows run several.
PLAYBOOKS = {
    "everything": ("install", "deploy", "smoketest"),
    "approved_cleanup": ("cleanup",),
    **{name: (name,) for name in SURVEYS if (ROOT / "playbooks" / f"{name}.yml").exists()},
}
QUESTIONS = [
    pytest.param(playbook, question, id=f"{survey}-{playbook}-{question['variable']}")
    for survey, spec in SURVEYS.items()
    for question in spec["spec"]
    for playbook in PLAYBOOKS[survey]
    if expressions(playbook, question["variable"])
]


def test_the_file_is_current() -> None:
    assert awx_surveys.FILE.read_text(encoding="utf-8") == awx_surveys.page(), "Run python tests/awx_surveys.py."


@pytest.mark.parametrize("survey", SURVEYS)
def test_awx_takes_it(survey: str) -> None:
    assert rules.survey_fault(SURVEYS[survey]) == ""


@pytest.mark.parametrize("survey", SURVEYS)
def test_every_question_is_one_that_a_playbook_knows(survey: str) -> None:
    for question in SURVEYS[survey]["spec"]:
        assert any(expressions(playbook, question["variable"]) for playbook in PLAYBOOKS[survey]), question["variable"]


@pytest.mark.parametrize("survey", SURVEYS)
def test_choices_and_defaults_are_those_of_the_roles(survey: str) -> None:
    known = awx_surveys.options()
    for name, question in zip(awx_surveys.SURVEYS[survey], SURVEYS[survey]["spec"]):
        asked = awx_surveys.QUESTIONS[name.rstrip("*")]
        assert question["question_description"], name
        if not asked.option:
            continue
        option = known[asked.option]
        if option["type"] == "bool":
            assert question["choices"] == ["false", "true"]
            assert question["default"] == str(option.get("default", False)).lower()
        if option["type"] == "int":
            assert (question["type"], question["default"]) == ("integer", option["default"])
        if "choices" in option:
            assert question["choices"] == option["choices"]


def test_examples_and_profiles_are_those_that_there_are() -> None:
    files = {path.stem for path in awx_surveys.EXAMPLES.glob("*.yml")}
    assert set(awx_surveys.examples()) == files
    assert awx_surveys.profiles() == ["guide", "current"]


def test_an_optional_choice_has_a_default() -> None:
    """AWX's form sends an empty answer for a choice that nobody made, and AWX refuses it."""
    for survey in SURVEYS.values():
        for question in survey["spec"]:
            assert question["required"] or question["type"] in ("text", "multiselect") or "default" in question


def test_a_workflow_asks_as_its_jobs_do() -> None:
    """AWX gives the answer to a workflow's question to a job only if it is one to the job's question too."""
    for workflow in ("everything", "approved_cleanup"):
        for question in SURVEYS[workflow]["spec"]:
            asked = [
                (other["type"], other.get("choices"))
                for playbook in PLAYBOOKS[workflow]
                for other in SURVEYS[playbook]["spec"]
                if other["variable"] == question["variable"]
            ]
            assert asked, question["variable"]
            assert set(map(str, asked)) == {str((question["type"], question.get("choices")))}


def answers(question: dict[str, Any]) -> list[tuple[Any, Any]]:
    """What AWX may deliver to a question, and what it means; always as text, which is what -e delivers too."""
    if question.get("choices") == awx_surveys.BOOLEAN:
        return [("true", True), ("false", False)]
    if question["type"] == "integer":
        return [("4", 4), (4, 4), ("0", 0)]
    if question["type"] == "multiselect":
        return [(question["choices"][:2], question["choices"][:2]), ("vllm,sglang", "vllm,sglang")]
    if question["type"] == "multiplechoice":
        return [(choice, choice) for choice in question["choices"]]
    if question["variable"] == "keep":
        return [("efs", ["efs"])]
    return [("1.50", "1.50")]


@pytest.mark.parametrize(("playbook", "question"), QUESTIONS)
def test_answers_are_taken_for_what_they_are(playbook: str, question: dict[str, Any]) -> None:
    for expression in expressions(playbook, question["variable"]):
        for answer, meant in answers(question):
            found = evaluate(expression, {question["variable"]: answer}, {})
            # The role teardown divides what is to stay by itself.
            found = [found] if question["variable"] == "keep" and isinstance(found, str) else found
            assert json.dumps(found) == json.dumps(meant), (expression, answer)


@pytest.mark.parametrize(("playbook", "question"), [one for one in QUESTIONS if one.values[1]["type"] == "text"])
def test_an_empty_answer_leaves_what_the_inventory_says(playbook: str, question: dict[str, Any]) -> None:
    for expression in expressions(playbook, question["variable"]):
        names = sorted(set(re.findall(r"hostvars\[inventory_hostname\]\.(\w+)", expression)))
        for name in names:
            assert evaluate(expression, {question["variable"]: ""}, {name: "mine"}) == "mine", expression
        if not names:
            assert evaluate(expression, {question["variable"]: ""}, {}) in ("", []), expression
