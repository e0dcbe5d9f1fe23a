# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""awx_configure.yml makes everything, changes nothing the second time, and lets no secret out."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.awx import data
from tests.integration.awx.conftest import NEEDED, ROOT, SECRETS, TOKEN, Controller

HOOK = "https://hooks.example.com/dynamo"


def counted(output: str, what: str) -> int:
    """A number of the recap."""
    found = re.search(rf"^localhost .*\b{what}=(\d+)", output, re.MULTILINE)
    assert found, output
    return int(found[1])


def test_check_mode_says_what_would_be_made_and_makes_nothing(controller: Controller) -> None:
    run = controller.run("--check", *NEEDED)
    assert run.returncode == 0, run.stdout + run.stderr
    assert controller.awx.changes() == 0
    for name in (
        "organizations: NVIDIA Dynamo",
        "job_templates: Dynamo install",
        "schedules: Dynamo nightly smoke test",
    ):
        assert name in " ".join(run.stdout.split())
    assert counted(run.stdout, "changed") == 11


def test_everything_is_made_and_no_secret_gets_out(controller: Controller, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.json"
    inputs = {
        "Dynamo tokens": {"hf_token": SECRETS["hf_token"]},
        "Dynamo AWS": {"username": "AKIAEXAMPLE", "password": SECRETS["password"]},
    }
    secrets.write_text(json.dumps({"awx_credential_inputs": inputs, "awx_notification_url": HOOK}), encoding="utf-8")
    secrets.chmod(0o600)
    run = controller.run("-vvv", "--diff", *NEEDED, "-e", f"@{secrets}", watch=True)
    assert run.returncode == 0, run.stdout + run.stderr
    awx = controller.awx
    assert {awx.named("credentials", name)["inputs"] == value for name, value in inputs.items()} == {True}
    said = run.stdout + run.stderr + b"\n".join(controller.seen).decode(errors="replace")
    assert "awx_configure.yml" in said
    assert [secret for secret in (TOKEN, HOOK, *SECRETS.values()) if secret in said] == []
    assert [secret for secret in (TOKEN, *SECRETS.values()) if secret in json.dumps(awx.log)] == []


def test_names_and_references_are_right(controller: Controller) -> None:
    awx = controller.awx
    install = awx.named("job_templates", "Dynamo install")
    assert awx.names("projects", [install["project"]]) == ["Dynamo"]
    assert awx.names("inventories", [install["inventory"]]) == ["Dynamo on AWS"]
    assert awx.names("execution_environments", [install["execution_environment"]]) == ["Dynamo"]
    assert awx.names("credentials", awx.lists["job_templates", install["id"], "credentials"]) == [
        "Dynamo AWS",
        "Dynamo tokens",
    ]
    assert json.loads(install["extra_vars"]) == {"eks_infra_backend": {"type": "s3"}}
    assert {one["playbook"] for one in awx.objects["job_templates"].values()} == {
        f"{name}.yml" for name in ("install", "deploy", "smoketest", "status", "remove", "cleanup", "leftovers")
    }
    organization = awx.named("organizations", "NVIDIA Dynamo")["id"]
    assert awx.names("credentials", awx.lists["organizations", organization, "galaxy_credentials"]) == [
        "Ansible Galaxy"
    ]
    assert len(awx.surveys) == len(awx.objects["job_templates"]) + len(awx.objects["workflow_job_templates"])


def test_workflows_go_in_order(controller: Controller) -> None:
    awx = controller.awx
    kind = "workflow_job_template_nodes"
    node = awx.named(kind, "dynamo-install")
    way = []
    while True:
        way.append(awx.unified(node["unified_job_template"])["name"])
        after = awx.lists.get((kind, node["id"], "success_nodes"), [])
        if not after:
            break
        node = awx.objects[kind][after[0]]
    assert way == ["Dynamo install", "Dynamo deploy", "Dynamo smoke test"]
    before = awx.named(kind, "dynamo-cleanup-plan")
    approval = awx.named(kind, "dynamo-cleanup-approval")
    assert awx.lists[kind, before["id"], "success_nodes"] == [approval["id"]]
    assert awx.unified(approval["unified_job_template"])["type"] == "workflow_approval_template"
    assert awx.names(kind, awx.lists[kind, approval["id"], "success_nodes"]) == ["dynamo-cleanup"]
    workflow = awx.named("workflow_job_templates", "Dynamo cleanup with approval")["id"]
    told = awx.lists["workflow_job_templates", workflow, "notification_templates_approvals"]
    assert awx.names("notification_templates", told) == ["Dynamo results"]


def test_a_second_run_changes_nothing(controller: Controller) -> None:
    before = controller.awx.changes()
    run = controller.run(*NEEDED, "-e", f"awx_notification_url={HOOK}")
    assert run.returncode == 0, run.stdout + run.stderr
    assert counted(run.stdout, "changed") == 0
    assert controller.awx.changes() == before


def test_check_mode_sees_what_somebody_changed(controller: Controller) -> None:
    awx = controller.awx
    template = awx.named("job_templates", "Dynamo status")
    template["playbook"] = "install.yml"
    awx.surveys[awx.named("job_templates", "Dynamo deploy")["id"]]["spec"].pop()
    del awx.objects["schedules"][awx.named("schedules", "Dynamo weekly leftovers")["id"]]
    before = awx.changes()
    rest = [kind for kind in data.objects() if kind.removeprefix("controller_") not in ("templates", "schedules")]
    rest.remove("controller_surveys")
    run = controller.run("--check", *NEEDED, "-e", json.dumps({kind: [] for kind in rest}))
    assert run.returncode == 0, run.stdout + run.stderr
    assert awx.changes() == before
    changed = re.findall(r"^changed: .*\(item=(.*)\)", run.stdout, re.MULTILINE)
    assert changed == ["Dynamo deploy", "Dynamo smoke test", "Dynamo status", "Dynamo leftovers"]
    assert "schedules: Dynamo weekly leftovers" in run.stdout


def test_a_token_that_awx_does_not_know_is_said(controller: Controller) -> None:
    before = controller.awx.changes()
    run = controller.run(*NEEDED, CONTROLLER_OAUTH_TOKEN="another")
    assert run.returncode != 0
    assert "Invalid authentication credentials" in " ".join(run.stdout.split())
    assert controller.awx.changes() == before


def test_a_machine_without_the_modules_is_told_so(controller: Controller, tmp_path: Path) -> None:
    import ansible_collections.community.general as general

    folder = tmp_path / "ansible_collections" / "community"
    folder.mkdir(parents=True)
    (folder / "general").symlink_to(next(iter(general.__path__)))
    before = len(controller.awx.log)
    run = controller.run(*NEEDED, ANSIBLE_COLLECTIONS_PATH=str(tmp_path), ANSIBLE_COLLECTIONS_SCAN_SYS_PATH="false")
    assert run.returncode != 0
    assert "the collection awx.awx is not installed" in " ".join((run.stdout + run.stderr).split())
    assert len(controller.awx.log) == before


def test_a_project_that_awx_fetched_finds_its_roles(tmp_path: Path) -> None:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    for name in subprocess.check_output(command, cwd=ROOT, text=True).split("\0"):
        if name and os.path.lexists(ROOT / name) and not name.startswith(("rehearsal/", "tests/")):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name, follow_symlinks=False)
    run = subprocess.run(
        [Path(sys.executable).parent / "ansible-playbook", "deploy.yml", "-e", "list=true"],
        cwd=tmp_path,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": "/nonexistent", "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "hello-world" in run.stdout
