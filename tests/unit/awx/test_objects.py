# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""AWX's objects as data: what they refer to is there, and AWX finds the playbooks and the roles of the project."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.awx import data, rules

ROOT = Path(__file__).resolve().parents[3]
OBJECTS = data.objects()
NOTIFIED = data.objects(awx_notification_url="https://hooks.example.com/1")
SHIMS = sorted(path.name for path in ROOT.glob("*.yml") if "import_playbook" in path.read_text(encoding="utf-8"))


def names(kind: str, objects: dict[str, Any] = OBJECTS) -> list[str]:
    return [str(one["name"]) for one in objects[f"controller_{kind}"]]


def nodes() -> list[dict[str, Any]]:
    return [node for workflow in OBJECTS["controller_workflows"] for node in workflow["simplified_workflow_nodes"]]


def test_every_playbook_of_a_user_has_a_job_template() -> None:
    used = [template["playbook"] for template in OBJECTS["controller_templates"]]
    assert sorted([*used, "awx_configure.yml"]) == SHIMS


def test_awx_offers_the_playbooks() -> None:
    assert set(SHIMS) <= set(rules.playbooks(ROOT))


def test_the_playbooks_can_be_read() -> None:
    command = [Path(sys.executable).parent / "ansible-playbook", "--syntax-check", *SHIMS]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_references_are_to_what_is_there() -> None:
    for template in OBJECTS["controller_templates"]:
        assert template["project"] in names("projects")
        assert template["inventory"] in names("inventories")
        assert template["execution_environment"] in names("execution_environments")
        assert set(template["credentials"]) <= set(names("credentials"))
        assert rules.survey_fault(template["survey_spec"]) == ""
    for source in OBJECTS["controller_inventory_sources"]:
        assert source["inventory"] in names("inventories")
        assert source["source_project"] in names("projects")
        assert source["execution_environment"] in names("execution_environments")
        assert (ROOT / source["source_path"]).is_file()
    for node in nodes():
        assert node.get("unified_job_template", "Dynamo install") in names("templates")
        assert set(node.get("success_nodes", [])) <= {other["identifier"] for other in nodes()}
    assert {schedule["unified_job_template"] for schedule in OBJECTS["controller_schedules"]} <= set(names("templates"))


def test_names_can_be_asked_for_in_one_question() -> None:
    """AWX divides the names that a filter asks for at commas; and what is missing is told by its name alone."""
    kinds = [kind.removeprefix("controller_") for kind in OBJECTS if kind != "controller_surveys"]
    everything = [name for kind in kinds if kind not in ("execution_environments", "projects") for name in names(kind)]
    assert not [name for name in everything if "," in name]
    assert len(set(everything)) == len(everything)
    assert len({node["identifier"] for node in nodes()}) == len(nodes())


def test_every_object_belongs_to_the_organization() -> None:
    objects = data.objects(awx_organization="Ours")
    for kind, ours in objects.items():
        if kind not in ("controller_organizations", "controller_credential_types", "controller_surveys"):
            assert {one["organization"] for one in ours} == {"Ours"}, kind
    assert names("organizations", objects) == ["Ours"]


def test_schedules_are_rules_that_awx_takes() -> None:
    assert [rules.rrule_faults(one["rrule"]) for one in OBJECTS["controller_schedules"]] == [[], []]
    assert rules.rrule_faults("DTSTART:20260101T030000 RRULE:FREQ=SECONDLY") != []


def test_tokens_come_by_the_environment() -> None:
    injectors = OBJECTS["controller_credential_types"][0]["injectors"]
    assert injectors == {"env": {"HF_TOKEN": "{{ hf_token }}", "NGC_API_KEY": "{{ ngc_api_key }}"}}


def test_nobody_is_told_without_an_address() -> None:
    told = [
        name
        for objects in (OBJECTS, NOTIFIED)
        for kind in ("controller_templates", "controller_workflows")
        for one in objects[kind]
        for key, value in one.items()
        if key.startswith("notification_templates_")
        for name in value
    ]
    assert OBJECTS["controller_notifications"][0]["state"] == "absent"
    assert NOTIFIED["controller_notifications"][0]["state"] == "present"
    assert told == ["Dynamo results"] * 7


def test_cleanup_waits_for_an_approval() -> None:
    workflow = next(one for one in OBJECTS["controller_workflows"] if "approval" in one["name"])
    plan, approval, cleanup = workflow["simplified_workflow_nodes"]
    assert (plan["job_type"], plan["success_nodes"]) == ("check", [approval["identifier"]])
    assert approval["success_nodes"] == [cleanup["identifier"]]
    assert "unified_job_template" not in approval
    assert approval["approval_node"]["timeout"] == 24 * 3600


def test_terraform_keeps_its_state_outside_the_job() -> None:
    for template in OBJECTS["controller_templates"]:
        assert template["extra_vars"] == {"eks_infra_backend": {"type": "s3"}}


def problems(**given: Any) -> list[str]:
    """What the role eks_infra has against its inputs."""
    template = (ROOT / "roles" / "eks_infra" / "templates" / "problems.txt.j2").read_text(encoding="utf-8")
    known = {
        "eks_infra_mode": "terraform",
        "eks_infra_adopt": False,
        "eks_infra_backend": {},
        "eks_infra_cluster_name": "dynamo",
        "eks_infra_source": str(ROOT / "terraform"),
        "eks_infra_variables_files": [],
        "__eks_infra_preflight": {"findings": []},
        "__eks_infra_before": [],
        **given,
    }
    return [line for line in str(data.evaluate(template, known, {}) or "").splitlines() if line.strip()]


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({}, False),
        ({"awx_job_id": 7}, True),
        ({"awx_job_id": 7, "eks_infra_backend": {"type": "local"}}, True),
        ({"awx_job_id": 7, "eks_infra_backend": {"type": "s3"}}, False),
        ({"awx_job_id": 7, "eks_infra_mode": "existing"}, False),
        ({"awx_job_id": 7, "eks_infra_mode": "existing", "eks_infra_adopt": "true"}, True),
    ],
)
def test_a_job_without_a_place_for_the_state_is_refused(given: dict[str, Any], refused: bool) -> None:
    found = problems(**given)
    assert bool(found) == refused
    assert not found or ("eks_infra_backend" in found[0] and "when the job ends" in found[0])


def refusals(environment: dict[str, str], **given: Any) -> list[str]:
    """What awx_configure.yml refuses, of all that it checks but the collection, by the words that it uses."""
    settings = ("settings", "organization")
    variables = {name: value for file in settings for name, value in data.load(AWX / f"{file}.yml").items()}
    found = []
    for task in data.load(ROOT / "playbooks" / "tasks" / "awx_check.yml")[1:]:
        check, known = task["ansible.builtin.assert"], {**variables, **task.get("vars", {})}
        conditions = check["that"] if isinstance(check["that"], list) else [check["that"]]
        with pytest.MonkeyPatch.context() as patch:
            for name in ("CONTROLLER_HOST", "CONTROLLER_OAUTH_TOKEN"):
                patch.setenv(name, environment.get(name, ""))
            if not all(data.evaluate("{{ " + condition + " }}", known, given) for condition in conditions):
                found.append(str(data.evaluate(check["fail_msg"], known, given)))
    return found


AWX = ROOT / "playbooks" / "vars" / "awx"
THERE = {"CONTROLLER_HOST": "https://awx.example.com", "CONTROLLER_OAUTH_TOKEN": "abc"}
GIVEN = {"awx_project_url": "https://git.example.com/d.git", "awx_image": "quay.io/example/dynamo:1"}


@pytest.mark.parametrize(
    ("environment", "given", "said"),
    [
        ({}, GIVEN, "CONTROLLER_HOST and CONTROLLER_OAUTH_TOKEN not set"),
        ({"CONTROLLER_HOST": "https://awx.example.com"}, GIVEN, ": CONTROLLER_OAUTH_TOKEN not set"),
        (THERE, {}, "awx_project_url and awx_image not set"),
        (THERE, {**GIVEN, "awx_image": ""}, ": awx_image not set"),
        (THERE, {**GIVEN, "awx_terraform_backend": {}}, "a state in it goes too"),
        (THERE, {**GIVEN, "awx_credential_inputs": {"Mine": {}}}, "Mine, which is no credential of ours"),
    ],
)
def test_what_is_missing_is_said(environment: dict[str, str], given: dict[str, Any], said: str) -> None:
    found = refusals(environment, **given)
    assert len(found) == 1
    assert said in found[0]


def test_nothing_is_refused_when_all_is_there() -> None:
    assert refusals(THERE, **GIVEN) == []


def test_what_awx_fetches_is_what_the_collection_depends_on() -> None:
    fetched = yaml.safe_load((ROOT / "collections" / "requirements.yml").read_text(encoding="utf-8"))["collections"]
    depends = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["dependencies"]
    assert {one["name"]: one["version"] for one in fetched} == depends


def test_the_collection_is_beside_its_playbooks() -> None:
    link = ROOT / "collections" / "ansible_collections" / "ai_on_eks" / "dynamo"
    assert link.is_symlink()
    assert not link.readlink().is_absolute()
    assert link.resolve() == ROOT


def test_the_page_has_every_job_template_with_its_questions() -> None:
    page = (ROOT / "docs" / "awx.md").read_text(encoding="utf-8")
    templates = [*OBJECTS["controller_templates"], *OBJECTS["controller_workflows"]]
    for template in templates:
        asked = ", ".join(
            f"`{question['variable']}`" + ("*" if question["required"] else "")
            for question in template["survey_spec"]["spec"]
        )
        assert re.search(rf"^\| {re.escape(template['name'])} \|.*\| {re.escape(asked)} \|$", page, re.M), asked
    for name in data.load(ROOT / "playbooks" / "vars" / "awx" / "settings.yml"):
        assert f"`{name}`" in page, name
