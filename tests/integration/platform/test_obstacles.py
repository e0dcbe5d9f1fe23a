# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What the role says of things that are in the way, from what it found: its own variables and template, no cluster."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rehearsal.paths import REPO

ROLE = REPO / "roles" / "dynamo_platform"
PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  vars_files: ["{{ role }}/defaults/main.yml", "{{ role }}/vars/main.yml"]
  tasks:
    - ansible.builtin.set_fact:
        said: >-
          {{ said | default({}) | combine({item.key:
             lookup('ansible.builtin.template', role ~ '/templates/' ~ item.value.template) or ''}) }}
      vars:
        given: "{{ item.value }}"
        dynamo_platform_cluster: {name: demo, endpoint: "https://x", kubeconfig: k, context: c, version: "1.35"}
        dynamo_platform_delivery: "{{ given.delivery | default('helm') }}"
        dynamo_platform_storage_class: "{{ given.storage_class | default('gp3') }}"
        dynamo_platform_chart_values: "{{ given.chart_values | default({}) }}"
        dynamo_platform_grove: "{{ given.grove | default('none') }}"
        dynamo_platform_hf_token: "{{ given.token | default('') }}"
        dynamo_platform_ngc_api_key: ""
        __dynamo_platform_delivery: "{{ given.delivery | default('helm') }}"
        __dynamo_platform_found: {version: "{{ given.version | default('1.6.1') }}", source: the test}
        __dynamo_platform_operators: {resources: "{{ given.operators | default([]) }}"}
        __dynamo_platform_definitions: {resources: "{{ given.definitions | default([]) }}"}
        __dynamo_platform_controllers: {resources: "{{ given.controllers | default([]) }}"}
        __dynamo_platform_applications: {resources: "{{ given.applications | default([]) }}"}
        __dynamo_platform_classes: {resources: "{{ given.classes | default([]) }}"}
        __dynamo_platform_deployments: {resources: []}
        __dynamo_platform_secrets: {resources: []}
        __common_releases: {stdout: "{{ given.releases | default([]) | to_json }}"}
      loop: "{{ cases | dict2items }}"
    - ansible.builtin.copy: {dest: "{{ out }}", mode: "0600", content: "{{ said | to_json }}"}
"""


def operator(namespace: str, name: str, *args: str) -> dict[str, Any]:
    pod = {"spec": {"containers": [{"name": "manager", "image": "x:1", "args": list(args)}]}}
    labels = {"helm.sh/chart": "dynamo-operator-1.6.1"}
    return {"metadata": {"namespace": namespace, "name": name, "labels": labels}, "spec": {"template": pod}}


def definition(version: str = "v1beta1", **annotations: str) -> dict[str, Any]:
    name = "dynamographdeployments.nvidia.com"
    versions = [{"name": version, "served": True}]
    return {"metadata": {"name": name, "annotations": annotations}, "spec": {"versions": versions}}


def storage(name: str, provisioner: str = "ebs.csi.aws.com", default: bool = False) -> dict[str, Any]:
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    return {"metadata": {"name": name, "annotations": annotations}, "provisioner": provisioner}


def application(namespace: str, name: str) -> dict[str, Any]:
    return {"metadata": {"namespace": namespace, "name": name}, "spec": {"source": {"chart": "dynamo-platform"}}}


OWN = operator("dynamo-cloud", "dynamo-platform-dynamo-operator-controller-manager")
HELM = {"meta.helm.sh/release-name": "gpu", "meta.helm.sh/release-namespace": "infra"}
CONTROLLER = {"metadata": {"namespace": "gitops", "name": "argo-application-controller"}}
RELEASE = {
    "name": "dynamo-platform",
    "namespace": "dynamo-cloud",
    "status": "deployed",
    "chart": "dynamo-platform-1.6.1",
}
# name: (what was found, words of the obstacle; none when nothing is in the way)
OBSTACLES: dict[str, tuple[dict[str, Any], str]] = {
    "empty": ({}, ""),
    "our own": ({"operators": [OWN], "releases": [RELEASE], "definitions": [definition()]}, ""),
    "one for the whole cluster": ({"operators": [operator("other", "x-dynamo-operator-controller-manager")]}, ""),
    "two": ({"operators": [OWN, operator("other", "x-dynamo-operator")]}, "There are two Dynamo operators"),
    "bound": (
        {"operators": [operator("other", "x-dynamo-operator", "--restrictedNamespace=team")]},
        "looks after the namespace team alone",
    ),
    "bound to ours": (
        {"operators": [operator("other", "x-dynamo-operator", "--restrictedNamespace=dynamo-cloud")]},
        "",
    ),
    "owner by Helm": ({"definitions": [definition(**HELM)]}, "belong to the Helm release infra/gpu."),
    "owner by Argo CD": (
        {"definitions": [definition(**{"argocd.argoproj.io/tracking-id": "gpus:apiextensions.k8s.io/x"})]},
        "belong to the Application gpus.",
    ),
    "newer definitions": (
        {"definitions": [definition()], "version": "0.4.1"},
        "Install 1.2.0 or newer, or delete them",
    ),
    "Helm before Argo CD": (
        {"releases": [RELEASE], "delivery": "argocd"},
        "was installed by Helm (release dynamo-cloud/",
    ),
    "Argo CD before Helm": (
        {"controllers": [CONTROLLER], "applications": [application("gitops", "dynamo-platform")]},
        "was installed by Argo CD (Application gitops/dynamo-platform)",
    ),
    "another Application": (
        {"controllers": [CONTROLLER], "applications": [application("gitops", "ai")], "delivery": "argocd"},
        "The Application gitops/ai of Argo CD delivers the platform already.",
    ),
    "no such class": (
        {"version": "0.4.1", "storage_class": "fast", "classes": [storage("gp2", default=True)]},
        "The storage class fast does not exist; there is gp2.",
    ),
    "class of a shared file system": (
        {"version": "0.4.1", "storage_class": "efs", "classes": [storage("efs", "efs.csi.aws.com")]},
        "The storage class efs is of efs.csi.aws.com",
    ),
    "no default class": ({"version": "0.4.1", "storage_class": ""}, "There is no default storage class"),
    "class that nothing needs": ({"storage_class": "fast"}, ""),
    "no Grove": ({"grove": "use"}, "Grove shall be used, and is not in the cluster."),
}
PROBLEMS: dict[str, tuple[dict[str, Any], str]] = {
    "none": ({"token": "hf_0123456789abcdef"}, ""),
    "too old": ({"version": "0.3.1"}, "brought an API store, PostgreSQL and MinIO"),
    "parts of old charts": (
        {"chart_values": {"minio": {}}},
        "The key minio of dynamo_platform_chart_values belongs to charts up to 0.3",
    ),
    "Grove before 0.5": ({"version": "0.4.1", "grove": "install"}, "does not bring Grove and KAI"),
    "token": ({"token": "sk-123"}, "has not the form hf_"),
}
CASES = {f"obstacle {name}": ("obstacles.txt.j2", *case) for name, case in OBSTACLES.items()} | {
    f"problem {name}": ("problems.txt.j2", *case) for name, case in PROBLEMS.items()
}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What was said in each case, by one run for all."""
    folder = tmp_path_factory.mktemp("said")
    playbook, variables = folder / "play.yml", folder / "vars.json"
    playbook.write_text(PLAYBOOK, encoding="utf-8")
    cases = {name: {**given, "template": template} for name, (template, given, _) in CASES.items()}
    given = {"role": str(ROLE), "role_path": str(ROLE), "out": str(folder / "said.json"), "cases": cases}
    variables.write_text(json.dumps(given | {"ansible_python_interpreter": sys.executable}), encoding="utf-8")
    program = str(Path(sys.executable).parent / "ansible-playbook")
    command = [program, "-i", "localhost,", "-c", "local", "-e", f"@{variables}", str(playbook)]
    done = subprocess.run(command, cwd=REPO, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return dict(json.loads((folder / "said.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", list(CASES))
def test_said(said: dict[str, str], name: str) -> None:
    words, expected = " ".join(said[name].split()), CASES[name][-1]
    assert expected in words if expected else words == "", words
    assert "sk-123" not in words
