# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A load by a Job: what it is made of, what its states mean, what its log says, and that it never stays behind."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe import runner, specs
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.checks import CHECKS
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.errors import ProbeError
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.job import manifest, result, wrapper
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.session import Session

# Plays aiperf: asks as often as it was told to and writes down what the real one does.
AIPERF = """#!{python}
import json, sys, time, urllib.request
from pathlib import Path
words = dict(zip(sys.argv[2::1], sys.argv[3::1]))
out = Path(words["--artifact-dir"]); out.mkdir()
prompts = [json.loads(line)["text"] for line in open(words["--input-file"])]
json.loads((Path(words["--tokenizer"]) / "tokenizer.json").read_text())
count, warm = int(words["--request-count"]), int(words["--warmup-request-count"])
with open(out / "profile_export.jsonl", "w") as lines:
    for number in range(warm + count):
        began = time.time_ns()
        row = {{"metadata": {{"request_start_ns": began, "request_end_ns": began + 100_000_000,
                "benchmark_phase": "warmup" if number < warm else "profiling"}}}}
        if number % 10 == 9:
            row["error"] = {{"code": 500, "type": "ServerError", "message": "broken"}}
        else:
            row["metrics"] = {{name: {{"value": value}} for name, value in {{
                "time_to_first_token": 50.0 + number, "request_latency": 80.0 + number,
                "inter_chunk_latency": [10.0, 20.0], "usage_prompt_tokens": 7, "usage_completion_tokens": 3,
                "http_req_connecting": 1.5, "http_req_connection_reused": 0}}.items()}}
        lines.write(json.dumps(row) + "\\n")
sys.exit({code})
"""
OPTIONS = {key: option.default for key, option in CHECKS["load_job"].options.items()}


class Jobs:
    """A cluster that runs a Job's command at once, on this machine."""

    def __init__(self, stub: Any, folder: Path) -> None:
        self.stub, self.folder = stub, folder
        self.states: list[manifest.State] = []
        self.made: list[dict[str, Any]] = []
        self.deleted: list[str] = []
        self.log = ""
        self.stays = ""
        self.tear = False
        self.program(0)

    def program(self, code: int) -> None:
        """Write aiperf."""
        path = self.folder / "aiperf"
        path.write_text(AIPERF.format(python=sys.executable, code=code))
        path.chmod(0o755)

    def inside(self) -> manifest.Inside:
        """The stub."""
        return manifest.Inside(self.stub.url, {"app": "frontend"})

    def create_job(self, job: dict[str, Any]) -> None:
        """Run it."""
        self.made.append(job)
        container = job["spec"]["template"]["spec"]["containers"][0]
        env = {entry["name"]: entry["value"] for entry in container["env"]}
        env.update(LOAD_JOB_FOLDER=str(self.folder), PATH=f"{self.folder}:{os.environ['PATH']}")
        words = [sys.executable, *container["command"][1:]]
        done = subprocess.run(words, env=env, capture_output=True, text=True, check=False, timeout=60)
        self.log = done.stdout.replace(" part 0 ", " part 0 x") if self.tear else done.stdout
        over = manifest.State("failed", "the pod ended with 1 (Error)")
        self.states.append(manifest.State("succeeded") if done.returncode == 0 else over)

    def job_state(self, _name: str) -> manifest.State:
        """The next state."""
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def job_log(self, _name: str) -> str:
        """What it printed."""
        return self.log

    def delete_job(self, name: str) -> None:
        """Remember it."""
        if self.stays:
            raise ProbeError(self.stays)
        self.deleted.append(name)


@pytest.fixture
def jobs(session: Session, stub: Any, tmp_path: Path) -> Jobs:
    """The session's cluster."""
    found = Jobs(stub, tmp_path)
    session.cluster = found  # type: ignore[assignment]
    return found


def load(session: Session, **options: Any) -> runner.Result:
    """Result of the check."""
    wanted = {"name": "load_job", "requests": 40, "warmup": 5, "slo": {"error_rate": 0.5}, **options}
    return runner.run(session, specs.parse([wanted])).results[0]


def test_a_load_by_a_job(session: Session, jobs: Jobs) -> None:
    found = load(session, concurrency=200, slo={"error_rate": 0.2, "ttft_p99_ms": 200})
    assert (found.result, found.reason) == ("passed", "")
    details = found.details
    assert details["requests"] == {"sent": 40, "completed": 36, "failed": 4, "warmup": 5}
    assert details["error_rate"] == 0.1
    assert details["errors"] == [{"reason": "broken", "count": 4}]
    assert details["tokens"] == {"prompt": 252, "completion": 108, "chunks": 108, "without_usage": 0}
    assert details["times"]["ttft_ms"]["min"] == 55.0
    assert details["times"]["itl_ms"]["count"] == 72
    assert details["times"]["tpot_ms"]["p50"] == 15.0
    assert details["times"]["connect_ms"]["max"] == 1.5
    assert details["settings"]["concurrency"] == 200
    assert details["settings"]["tool"] == "aiperf 0.13.0 in a Job"
    assert [row["met"] for row in details["slo"]] == [True, True]
    assert len(session.records) == 40
    assert session.records[0].check == "load_job"
    assert jobs.deleted == [jobs.made[0]["metadata"]["name"]]


def test_limits_and_baseline(session: Session, jobs: Jobs, tmp_path: Path) -> None:
    found = load(session)
    assert load(session, slo={"ttft_p50_ms": 10}).reason.startswith(
        "error_rate is 0.1, above 0: 4 x broken; ttft_p50_ms"
    )
    saved = tmp_path / "before.json"
    check = {"name": "load_job", "label": "load_job", "details": found.details}
    saved.write_text(json.dumps({"checks": [check]}))
    assert load(session, baseline=str(saved), tolerance=100).result == "passed"
    assert len(jobs.deleted) == 3


def test_the_job_is_modest_and_near(session: Session, jobs: Jobs) -> None:
    load(session, node_selector={"pool": "cpu"}, timeout=77)
    job = jobs.made[0]
    assert (job["kind"], job["spec"]["backoffLimit"], job["spec"]["activeDeadlineSeconds"]) == ("Job", 0, 77)
    assert job["spec"]["ttlSecondsAfterFinished"] > 0
    spec = job["spec"]["template"]["spec"]
    assert spec["restartPolicy"] == "Never"
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True
    assert spec["containers"][0]["resources"] == OPTIONS["resources"]
    assert spec["nodeSelector"] == {"pool": "cpu"}
    near = spec["affinity"]["podAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"][0]["podAffinityTerm"]
    assert near["labelSelector"]["matchLabels"] == {"app": "frontend"}


def test_aiperf_that_breaks(session: Session, jobs: Jobs) -> None:
    (jobs.folder / "aiperf").write_text(f"#!{sys.executable}\nprint('out of sockets')\nraise SystemExit(3)\n")
    found = load(session)
    assert found.result == "failed"
    assert "the load could not be made: aiperf ended with 3 and left no records" in found.reason
    assert "out of sockets" in jobs.log
    assert len(jobs.deleted) == 1


def test_an_endpoint_that_the_job_cannot_reach(session: Session, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.checks.job.WAIT", 0.0)
    found = load(session, endpoint="http://127.0.0.1:1")
    assert "http://127.0.0.1:1 did not list org/Tiny-0.1 within 0 s" in found.reason


def test_a_torn_result(session: Session, jobs: Jobs) -> None:
    jobs.tear = True
    assert "the result of the Job cannot be used: the result in its log is torn: 1 of 1 parts" in load(session).reason
    assert len(jobs.deleted) == 1


def test_a_job_that_fails_without_a_result(session: Session, jobs: Jobs) -> None:
    jobs.states = [
        manifest.State("waiting", "not scheduled: no node"),
        manifest.State("failed", "ImagePullBackOff: no"),
    ]
    jobs.create_job = jobs.made.append  # type: ignore[method-assign]
    found = load(session)
    assert found.reason.endswith("failed: ImagePullBackOff: no")
    assert len(jobs.deleted) == 1


def test_a_job_that_takes_too_long(session: Session, jobs: Jobs, fake_time: Any) -> None:
    jobs.states = [manifest.State("waiting", "not scheduled: no node")]
    jobs.create_job = jobs.made.append  # type: ignore[method-assign]
    found = load(session, timeout=30)
    assert ": waiting, not scheduled: no node; not over after 30 s" in found.reason
    assert fake_time.now == 30
    assert len(jobs.deleted) == 1


def test_a_job_that_cannot_be_removed(session: Session, jobs: Jobs) -> None:
    jobs.stays = "jobs is forbidden"
    notes = load(session).details["notes"]
    assert any("is still there (jobs is forbidden); it goes 600 s after its end" in note for note in notes)


def test_no_cluster(session: Session) -> None:
    assert "a Job needs a cluster" in load(session).reason
    with pytest.raises(ValueError, match="exclude each other"):
        specs.parse([{"name": "load_job", "requests": 1, "duration": 1}])
    with pytest.raises(ValueError, match="slo has no constraint 'fast'"):
        specs.parse([{"name": "load_job", "slo": {"fast": 1}}])


def pod(**status: Any) -> dict[str, Any]:
    """A pod with a status."""
    return {"metadata": {"name": "p"}, "status": {"phase": "Pending", **status}}


def container(**state: Any) -> dict[str, Any]:
    """A pod whose container is in a state."""
    return pod(phase="Running", containerStatuses=[{"state": state}])


@pytest.mark.parametrize(
    ("conditions", "pods", "expected"),
    [
        ([], [], ("waiting", "exceeded quota")),
        ([{"type": "Complete", "status": "True"}], [container(terminated={"exitCode": 0})], ("succeeded", "")),
        ([], [container(running={})], ("running", "")),
        ([], [container(terminated={"exitCode": 137, "reason": "OOMKilled"})], ("failed", "lack of memory")),
        ([], [container(terminated={"exitCode": 1, "reason": "Error"})], ("failed", "ended with 1 (Error)")),
        ([], [container(waiting={"reason": "ErrImagePull", "message": "503"})], ("waiting", "ErrImagePull: 503")),
        ([], [container(waiting={"reason": "ImagePullBackOff"})], ("failed", "ImagePullBackOff")),
        ([], [container(waiting={"reason": "CreateContainerConfigError"})], ("failed", "CreateContainerConfigError")),
        (
            [],
            [pod(conditions=[{"type": "PodScheduled", "status": "False", "message": "0/3 nodes"}])],
            ("waiting", "not scheduled: 0/3 nodes"),
        ),
        ([], [pod(phase="Failed", reason="Evicted")], ("failed", "Evicted")),
        (
            [{"type": "Failed", "status": "True", "reason": "DeadlineExceeded", "message": "was active too long"}],
            [],
            ("failed", "was active too long"),
        ),
    ],
)
def test_states(conditions: Any, pods: Any, expected: tuple[str, str]) -> None:
    state = manifest.judge({"status": {"conditions": conditions}}, pods, ["exceeded quota"])
    assert state.phase == expected[0]
    assert expected[1] in state.message


def test_logs() -> None:
    with pytest.raises(ValueError, match="holds no result"):
        result.read("nothing\n")
    log = f"x\n{wrapper.MARK} say one\n{wrapper.MARK} say two and three\n"
    assert result.news(log) == "two and three"
    assert result.news("") == ""


def test_a_long_result_is_thinned(capsys: pytest.CaptureFixture[str]) -> None:
    def row(number: int) -> dict[str, Any]:
        metrics = {"time_to_first_token": {"value": 5.0}, "inter_chunk_latency": {"value": [1.0] * 30}}
        start = number * 1_000_000
        return {"metadata": {"request_start_ns": start, "request_end_ns": start + 10_000_000}, "metrics": metrics}

    rows = [wrapper.record(row(number)) for number in range(25_000)]
    kept = wrapper.thin(rows)
    assert len(kept) <= wrapper.RECORDS
    assert sum(len(entry["gaps"] or []) for entry in kept) <= wrapper.GAPS
    wrapper.send({"code": 0, "warmup": 0, "total": len(rows), "records": kept})
    log = capsys.readouterr().out
    assert len(log) < 2_000_000
    assert max(map(len, log.splitlines())) < 10_000
    details, records = result.summary(result.read(log), {}, "load_job", 10)
    assert details["requests"]["sent"] == 25_000
    assert len(records) == 10
    assert len(details["notes"]) == 2
    assert details["throughput"]["requests_per_second"] == pytest.approx(1000, rel=0.01)


def test_the_wrapper_stands_alone() -> None:
    source = inspect.getsource(wrapper)
    assert "ansible" not in source
    # What Kubernetes would take for a variable in a command.
    assert "$(" not in source
    assert len(source) < 20_000
