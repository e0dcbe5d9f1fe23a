# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Write playbooks/vars/awx/surveys.yml: what AWX asks before a job, from the roles' specs and the examples.

Usage: awx_surveys.py [--check]   (with --check nothing is written; exit 1 when the file is not what it would write)
"""

from __future__ import annotations

import dataclasses
import re
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "playbooks" / "vars" / "awx" / "surveys.yml"
EXAMPLES = ROOT / "roles" / "dynamo_example" / "files" / "examples"
HEADER = """\
# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Written by tests/awx_surveys.py from the roles' argument_specs.yml and the examples: change those, then run it.
---
"""
#: AWX has no question for a boolean.
BOOLEAN = ["false", "true"]
#: The length of a text that AWX's own form sets.
LONGEST = 1024


@dataclasses.dataclass(frozen=True)
class Question:
    """One question: its title, and the option (role/entry/name) that it sets, or else a description.

    `name` is the short name that the playbooks take, where another question has it as well; `type` wins over the
    option's.
    """

    title: str
    option: str = ""
    description: str = ""
    type: str = ""
    name: str = ""


#: What can be asked, mostly by the short name that the playbooks take.
QUESTIONS = {
    "choose": Question(
        "Only show what Karpenter would choose",
        description="Show which nodes each example would get, and their price, and nothing else.",
        type="bool",
    ),
    "cluster_name": Question(
        "Cluster", description="Name of the cluster. Empty for the inventory's (dynamo_cluster_name).", type="str"
    ),
    "confirm": Question("Name of the cluster, again", "teardown/main/teardown_confirm"),
    "cost_limit_per_hour": Question("Cost limit (USD an hour)", "eks_infra/main/eks_infra_cost_limit_per_hour"),
    "drift": Question(
        "Look for drift",
        description="Compare AWS with Terraform's state as well. That takes a minute.",
        type="bool",
    ),
    "example": Question("Examples", "dynamo_example/main/dynamo_example_name", type="examples"),
    "tested": Question("Graphs", "dynamo_smoketest/main/dynamo_smoketest_graphs", type="examples", name="example"),
    "fail_on_leftovers": Question("Fail when something is left", "_common/leftovers/_common_fail_on_leftovers"),
    "removed": Question("Graphs", "dynamo_example/remove/dynamo_example_name", name="example"),
    "ignore_memory": Question("Ignore the GPU memory", "dynamo_example/main/dynamo_example_ignore_memory"),
    "keep": Question("What stays", "teardown/main/teardown_keep"),
    "max_model_len": Question("Longest request (tokens)", "dynamo_example/main/dynamo_example_max_model_len"),
    "model": Question("Model", "dynamo_example/main/dynamo_example_model"),
    "node_pool": Question("NodePool of the GPUs", "dynamo_example/main/dynamo_example_node_pool"),
    "profile": Question("Profile", "eks_infra/main/eks_infra_profile", type="profiles"),
    "region": Question("Region", description="AWS region. Empty for the inventory's (dynamo_region).", type="str"),
    "replicas": Question("Replicas", "dynamo_example/main/dynamo_example_replicas"),
    "sweep": Question("Delete what is left", "_common/leftovers/_common_sweep"),
    "tensor_parallel": Question("GPUs of a replica", "dynamo_example/main/dynamo_example_tensor_parallel"),
    "upgrade": Question("Upgrade the cluster and the platform", "eks_infra/main/eks_infra_upgrade"),
    "version": Question("Dynamo version", "dynamo_example/main/dynamo_example_version"),
    "platform_version": Question("Dynamo version", "dynamo_platform/main/dynamo_platform_version", name="version"),
}
PLACE = ("cluster_name", "region")
#: The survey of each playbook, and of the two workflows. A star says that an answer is required.
SURVEYS = {
    "install": ("profile*", "platform_version", *PLACE, "cost_limit_per_hour", "upgrade"),
    "deploy": (
        "example*",
        "version",
        "model",
        "replicas",
        "tensor_parallel",
        "max_model_len",
        "node_pool",
        "ignore_memory",
        *PLACE,
    ),
    "smoketest": ("tested", *PLACE),
    "status": ("drift", "choose", *PLACE),
    "remove": ("removed*", *PLACE),
    "cleanup": ("confirm*", "keep", *PLACE),
    "leftovers": ("fail_on_leftovers", "sweep", "confirm", "keep", *PLACE),
    "everything": ("profile*", "example*", "platform_version", *PLACE, "cost_limit_per_hour"),
    "approved_cleanup": ("confirm*", "keep", *PLACE),
}


def options() -> dict[str, dict[str, Any]]:
    """The options of every role, as role/entry/name."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted((ROOT / "roles").glob("*/meta/argument_specs.yml")):
        role = path.parent.parent.name
        for entry, spec in yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"].items():
            for name, option in (spec.get("options") or {}).items():
                found[f"{role}/{entry}/{name}"] = option
    return found


def examples() -> list[str]:
    """The names of the examples, in their order."""
    loaded = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in EXAMPLES.glob("*.yml")]
    return [str(example["name"]) for example in sorted(loaded, key=lambda example: int(example["position"]))]


def profiles() -> list[str]:
    """The names of the profiles: the guide's, then the others."""
    return ["guide", *sorted(path.stem for path in (ROOT / "terraform" / "profiles").glob("*.tfvars"))]


def text_of(option: dict[str, Any]) -> str:
    """An option's first paragraph without markup, and without sentences about the command line."""
    first = option["description"] if isinstance(option["description"], str) else option["description"][0]
    plain = re.sub(r"\b[CVOEMBI]\(((?:[^()]|\([^()]*\))*)\)", r"\1", " ".join(first.split()))
    return ". ".join(sentence.rstrip(".") for sentence in plain.split(". ") if "-e " not in sentence) + "."


def item(name: str, known: dict[str, dict[str, Any]], required: bool) -> dict[str, Any]:
    """One question in AWX's form.

    An optional choice has a default: AWX would get an empty answer from its own form, and refuse it.
    """
    question = QUESTIONS[name]
    option = known[question.option] if question.option else {}
    kind = question.type or option["type"]
    found: dict[str, Any] = {
        "variable": question.name or name,
        "question_name": question.title,
        "question_description": question.description or text_of(option),
        "required": required,
    }
    if kind == "examples":
        return {**found, "type": "multiselect", "choices": [*examples(), "all"]}
    if kind == "profiles":
        return {**found, "type": "multiplechoice", "choices": profiles()}
    if kind == "bool":
        default = str(bool(option.get("default", False))).lower()
        return {**found, "type": "multiplechoice", "choices": BOOLEAN, "default": default}
    if option.get("choices"):
        return {**found, "type": "multiplechoice", "choices": option["choices"], "default": str(option["default"])}
    if kind == "int":
        return {**found, "type": "integer", "min": 0, "default": int(option["default"])}
    return {**found, "type": "text", "min": int(required), "max": LONGEST}


def surveys() -> dict[str, dict[str, Any]]:
    """The surveys by name."""
    known = options()
    return {
        survey: {
            "name": "",
            "description": "",
            "spec": [item(name.rstrip("*"), known, name.endswith("*")) for name in names],
        }
        for survey, names in SURVEYS.items()
    }


class Dumper(yaml.SafeDumper):
    """YAML as yamllint wants it: items of lists further in, and no aliases."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Never leave the items of a list at their parent's column."""
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything out."""
        return True


def page() -> str:
    """The whole file."""
    data = {"controller_surveys": surveys()}
    return HEADER + yaml.dump(data, Dumper=Dumper, sort_keys=False, width=140, allow_unicode=True)


def main(arguments: list[str]) -> int:
    """Entry point."""
    text = page()
    if "--check" not in arguments:
        FILE.write_text(text, encoding="utf-8")
        return 0
    if FILE.exists() and FILE.read_text(encoding="utf-8") == text:
        return 0
    print(f"{FILE.relative_to(ROOT)} is not what the roles say. Run {Path(__file__).relative_to(ROOT)}.")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
