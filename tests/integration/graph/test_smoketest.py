# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The role dynamo_smoketest with the real ansible-playbook: graphs that serve, a load by a Job, and what fails."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

from tests.integration.graph.conftest import Stage, example, render
from tests.integration.nodes.conftest import wait

ROOT = Path(__file__).resolve().parents[3]
GRAPHS = ("kv-routing", "vllm-disagg")
# Two replicas show as well as four that a router has something to choose between.
REPLICAS = {"kv-routing": {"replicas": {"Worker": 2}}, "vllm-disagg": {"replicas": {"VllmDecodeWorker": 1}}}
JOB = {"concurrency": 96, "requests": 192, "warmup": 16, "max_tokens": 8, "timeout": 300}
PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.include_role: {name: ai_on_eks.dynamo.dynamo_smoketest}
"""


def smoketest(stage: Stage, folder: Path, **variables: Any) -> tuple[int, str]:
    """Run the role; exit code and output."""
    playbook = folder / "play.yml"
    playbook.write_text(PLAYBOOK, encoding="utf-8")
    cluster = {"name": "test", "kubeconfig": str(stage.kubeconfig), "context": stage.context}
    given = {"ai_on_eks_cluster": cluster, "dynamo_smoketest_report_dir": str(folder / "reports"), **variables}
    command = [
        str(Path(sys.executable).parent / "ansible-playbook"),
        *("-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}"),
        *("-e", json.dumps(given), str(playbook)),
    ]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def by_label(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The checks of a report."""
    return {check["label"]: check for check in report["checks"]}


@pytest.fixture(scope="module")
def graphs(stage: Stage) -> Any:
    """A graph with a router for prefixes and one with prefill and decode apart, both ready."""
    stage.heal()
    stage.apply(*(render(name, name, **REPLICAS[name]) for name in GRAPHS))

    def ready() -> bool:
        found = stage.get("dynamographdeployments")["items"]
        states = {item["metadata"]["name"]: (item.get("status") or {}).get("state") for item in found}
        return all(states.get(name) == "successful" for name in GRAPHS)

    wait(ready, 240)
    yield
    stage.kubectl("delete", "dynamographdeployments", *GRAPHS, "--wait=false")


@pytest.mark.usefixtures("graphs")
def test_graphs_are_proved(stage: Stage, tmp_path: Path) -> None:
    code, output = smoketest(stage, tmp_path, dynamo_smoketest_graphs=",".join(GRAPHS), dynamo_smoketest_timeout=120)
    assert code == 0, output
    assert "changed=0" in output
    whole = json.loads((tmp_path / "reports" / "smoketest.json").read_text())
    Draft202012Validator(json.loads((ROOT / "docs" / "report.schema.json").read_text())).validate(whole)
    assert whole["passed"]
    routing, disagg = (by_label(report) for report in whole["reports"])
    skipped = {name: check["reason"] for name, check in routing.items() if check["result"] == "skipped"}
    assert list(skipped) == ["prometheus"], skipped
    assert "no Prometheus is installed" in skipped["prometheus"]
    assert len(routing["spread"]["details"]["workers"]) == 2
    assert max(routing["prefix_affinity"]["details"]["workers"].values()) >= 7
    assert len(routing["worker_metrics"]["details"]["workers"]) == 2
    assert routing["load"]["details"]["times"]["ttft_ms"]["count"] == 20
    assert len(disagg["disaggregation"]["details"]["workers"]) == 2
    suites = ElementTree.parse(tmp_path / "reports" / "smoketest.xml").getroot().findall("testsuite")
    assert [suite.get("name") for suite in suites] == list(GRAPHS)
    assert "What failed" not in (tmp_path / "reports" / "smoketest.html").read_text()
    alone = json.loads((tmp_path / "reports" / "smoketest-kv-routing.json").read_text())
    assert alone == whole["reports"][0]


@pytest.mark.usefixtures("graphs")
def test_a_load_by_a_job(stage: Stage, tmp_path: Path) -> None:
    checks = ["models", {"name": "load_job", "slo": {"error_rate": 0, "ttft_p99_ms": 60_000}, **JOB}]
    code, output = smoketest(stage, tmp_path, dynamo_smoketest_graphs="kv-routing", dynamo_smoketest_checks=checks)
    assert code == 0, output
    report = json.loads((tmp_path / "reports" / "smoketest-kv-routing.json").read_text())
    Draft202012Validator(json.loads((ROOT / "docs" / "report.schema.json").read_text())).validate(report)
    job = by_label(report)["load_job"]["details"]
    assert job["requests"] == {"sent": 192, "completed": 192, "failed": 0, "warmup": 16}
    assert job["tokens"]["completion"] == 192 * 8
    assert [row["met"] for row in job["slo"]] == [True, True]
    assert stage.get("jobs")["items"] == []


@pytest.mark.usefixtures("graphs")
def test_what_is_not_shown_fails_the_play(stage: Stage, tmp_path: Path) -> None:
    baseline = tmp_path / "reports"
    load = {"concurrency": 1, "requests": 20, "max_tokens": 8, "calibrate": False}
    code, output = smoketest(
        stage,
        tmp_path,
        dynamo_smoketest_graphs="vllm-disagg",
        dynamo_smoketest_load=load,
        dynamo_smoketest_slo={"ttft_p50_ms": 0.1},
        dynamo_smoketest_load_job={**JOB, "image": "docker.io/bitnami/kubectl:1.33"},
        dynamo_smoketest_more_checks=[{"name": "tool_call", "required": True, "max_tokens": 8}],
        dynamo_smoketest_prometheus={},
    )
    assert code != 0
    said = " ".join(output.split())
    assert "Failed to prove vllm-disagg: vllm-disagg tool_call: required, but the model answered with text" in said
    assert "vllm-disagg load: ttft_p50_ms is " in said
    assert "(seen: 20 answers in " not in said
    assert "vllm-disagg load_job: job load-" in said
    assert "ImagePullBackOff" in said
    assert stage.get("jobs")["items"] == []
    page = (baseline / "smoketest.html").read_text()
    assert "What failed" in page


def test_a_graph_that_is_not_there(stage: Stage, tmp_path: Path) -> None:
    code, output = smoketest(stage, tmp_path, dynamo_smoketest_graphs="no-such-graph")
    assert code != 0
    assert "Failed to test no-such-graph: not deployed in the namespace dynamo-cloud" in " ".join(output.split())
    assert example("vllm")["proof"]["kind"] == "openai"
