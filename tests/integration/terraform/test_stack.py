# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The stack with the real Terraform, on its built-in resource terraform_data: no provider, no cloud."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._terraform import Options, Stack, TerraformError

MAIN = """
variable "names" {
  type    = list(string)
  default = ["a"]
  validation {
    condition     = length(var.names) < 4
    error_message = "Write at most three names."
  }
}
resource "terraform_data" "item" {
  for_each = toset(var.names)
  input    = each.key
}
output "names" {
  value = sort([for item in terraform_data.item : item.output])
}
output "secret" {
  value     = "hidden"
  sensitive = true
}
"""
SLOW = """
resource "terraform_data" "first" {
  input = 1
}
resource "terraform_data" "slow" {
  input = terraform_data.first.output
  provisioner "local-exec" {
    command = "sleep 30"
  }
}
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    root.mkdir()
    (root / "main.tf").write_text(MAIN, encoding="utf-8")
    return root


def stack_of(source: Path | None, work: Path, lines: list[str] | None = None, **options: Any) -> Stack:
    import os

    environment = {key: value for key, value in os.environ.items() if not key.startswith("TF_")}
    stack = Stack(
        Options(work_dir=work, source=source, **options), environment, (lines if lines is not None else []).append
    )
    stack.prepare()
    return stack


def test_apply_again_change_and_destroy(source: Path, tmp_path: Path) -> None:
    work, lines = tmp_path / "work", list[str]()
    work.mkdir()
    stack = stack_of(source, work, lines, variables={"names": ["b", "a"]})
    planned = stack.plan(with_diff=True)
    assert planned.changed
    assert planned.summary["add"] == 2
    assert planned.diff["before"] == {}
    assert set(planned.diff["after"]) == {'terraform_data.item["a"]', 'terraform_data.item["b"]'}
    stack.apply(planned)
    assert stack.outputs() == {"names": ["a", "b"]}
    assert stack.resources() == ['terraform_data.item["a"]', 'terraform_data.item["b"]']
    assert any("2/2 created" in line for line in lines)
    assert not (work / "stack.tfplan").exists()

    again = stack_of(source, work, variables={"names": ["b", "a"]})
    assert not again.plan().changed

    fewer = stack_of(source, work, variables={"names": ["a"]})
    planned = fewer.plan()
    assert (planned.summary["add"], planned.summary["destroy"]) == (0, 1)
    fewer.apply(planned)

    # The teardown gives neither configuration nor inputs: both are in the work directory.
    gone = stack_of(None, work)
    planned = gone.plan(destroy=True)
    assert planned.summary["destroy"] == 1
    gone.apply(planned, destroy=True)
    assert gone.resources() == []
    assert not stack_of(None, work).plan(destroy=True).changed


def test_a_root_module_inside_the_source_uses_the_modules_beside_it(source: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    (source / "modules").mkdir()
    (source / "main.tf").rename(source / "modules/main.tf")
    (source / "adopt").mkdir()
    (source / "adopt/main.tf").write_text('module "names" {\n  source = "../modules"\n}\n', encoding="utf-8")
    stack = stack_of(source, work, root_module="adopt")
    stack.apply(stack.plan())
    assert (work / "adopt/terraform.tfstate").exists()
    again = stack_of(None, work)
    assert again.resources() == ['module.names.terraform_data.item["a"]']
    again.apply(again.plan(destroy=True), destroy=True)
    assert again.resources() == []


def test_what_is_protected_is_not_destroyed(source: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    stack = stack_of(source, work, variables={"names": ["a"]})
    stack.apply(stack.plan())
    careful = stack_of(source, work, variables={"names": ["b"]}, protect=("terraform_data.item",))
    with pytest.raises(TerraformError, match=r'would destroy terraform_data\.item\["a"\] and everything in it'):
        careful.plan()
    assert careful.plan(destroy=True).summary["destroy"] == 1


def test_what_is_kept_is_forgotten_before_the_rest_is_destroyed(source: Path, tmp_path: Path) -> None:
    work, lines = tmp_path / "work", list[str]()
    work.mkdir()
    stack = stack_of(source, work, variables={"names": ["a", "b"]})
    stack.apply(stack.plan())
    assert stack_of(None, work, keep=("aws_vpc",)).forget() == []
    careful = stack_of(None, work, lines, keep=("terraform_data",))
    careful.change = False
    careful.forget()
    assert len(careful.resources()) == 2
    careful.change = True
    assert careful.forget() == ['terraform_data.item["a"]', 'terraform_data.item["b"]']
    assert careful.resources() == []
    assert 'terraform_data.item["a"] forgotten' in careful.also
    assert any("stays; its state no longer knows it" in line for line in lines)
    assert careful.plan(destroy=True).summary["destroy"] == 0


def test_a_refused_variable_says_what_to_write(source: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    with pytest.raises(TerraformError, match=r"Failed to plan the stack \(.*\): Write at most three names\.$"):
        stack_of(source, work, variables={"names": list("abcd")}).plan()


def test_a_lost_terraform_directory_is_made_again(source: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    stack = stack_of(source, work)
    stack.apply(stack.plan())
    shutil.rmtree(work / ".terraform", ignore_errors=True)
    assert not stack_of(source, work).plan().changed


def test_a_provider_that_is_nowhere_is_one_line(source: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (source / "main.tf").write_text(
        'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws" }\n  }\n}\n', encoding="utf-8"
    )
    config = tmp_path / "terraform.rc"
    config.write_text(
        f'provider_installation {{\n  filesystem_mirror {{\n    path = "{tmp_path}/empty"\n  }}\n}}\n', encoding="utf-8"
    )
    import os

    stack = Stack(Options(work_dir=work, source=source), {**os.environ, "TF_CLI_CONFIG_FILE": str(config)}, print)
    with pytest.raises(TerraformError) as failure:
        stack.prepare()
    assert str(failure.value).startswith(
        f"Failed to initialise Terraform in {work}: the provider hashicorp/aws is neither in "
        f"the provider mirror of {config} "
    )
    assert "\n" not in str(failure.value)


def test_a_missing_program_names_the_option(source: Path, tmp_path: Path) -> None:
    with pytest.raises(TerraformError, match="Failed to find nofu: it is not on PATH"):
        stack_of(source, tmp_path / "work", binary="nofu")


def test_a_state_that_is_locked_says_so(source: Path, tmp_path: Path) -> None:
    (source / "main.tf").write_text(SLOW, encoding="utf-8")
    work = tmp_path / "work"
    work.mkdir()
    stack_of(source, work)
    other = subprocess.Popen(
        ["terraform", "apply", "-auto-approve", "-no-color"],
        cwd=work,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for((work / ".terraform.tfstate.lock.info").exists)
        with pytest.raises(TerraformError, match=rf"locked by \S+ since .* \(apply\)\. Process {other.pid} of"):
            stack_of(source, work, lock_timeout="0s").plan()
    finally:
        other.send_signal(signal.SIGINT)
        other.wait(timeout=60)


def wait_for(condition: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition did not come true"
        time.sleep(0.05)


PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ai_on_eks.dynamo.terraform_stack:
        source: {source}
        work_dir: {work}
        progress_interval: 1
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["interrupt", "terminate"])
def test_an_interrupted_playbook_leaves_a_saved_state_and_the_next_run_goes_on(
    source: Path, tmp_path: Path, number: signal.Signals
) -> None:
    (source / "main.tf").write_text(SLOW, encoding="utf-8")
    work = tmp_path / "work"
    (tmp_path / "play.yml").write_text(PLAYBOOK.format(source=source, work=work), encoding="utf-8")
    root = Path(__file__).resolve().parents[3]
    program = Path(sys.executable).with_name("ansible-playbook")
    run = subprocess.Popen(
        [program, "-i", "localhost,", "-c", "local", tmp_path / "play.yml"],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    log = work / "apply.log.jsonl"
    wait_for(lambda: log.exists() and '"terraform_data.slow: Provisioning with' in log.read_text(encoding="utf-8"), 120)
    run.send_signal(number)
    run.communicate(timeout=120)
    assert run.returncode != 0
    # The worker ends when Terraform has saved its state, even if nobody waits for it any more.
    wait_for(lambda: not (work / ".terraform.tfstate.lock.info").exists())
    state = json.loads((work / "terraform.tfstate").read_text(encoding="utf-8"))
    assert "terraform_data.first" in {f"{item['type']}.{item['name']}" for item in state["resources"]}

    (source / "main.tf").write_text(SLOW.replace("sleep 30", "true"), encoding="utf-8")
    stack = stack_of(source, work)
    planned = stack.plan()
    assert {change["address"] for change in planned.summary["changes"]} == {"terraform_data.slow"}
    stack.apply(planned)
    assert stack.resources() == ["terraform_data.first", "terraform_data.slow"]
