# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Pods as processes, seen through a real API server."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from typing import Any

from rehearsal import ports, process
from tests.integration.nodes.conftest import NAMESPACE, World, container, is_ready, make_pod, wait


def state_reason(pod: dict[str, Any]) -> str:
    state = container(pod).get("state") or {}
    return str((state.get("waiting") or state.get("terminated") or {}).get("reason"))


HTTP = {"httpGet": {"path": "/", "port": "http"}}


SERVER = 'python3 -c "{}"'.format(
    "import http.server, json, os; "
    "port = json.loads(os.environ['REHEARSAL_PORTS'])['8000']; "
    "http.server.HTTPServer(('127.0.0.1', port), http.server.SimpleHTTPRequestHandler).serve_forever()"
)


def test_environment_volumes_and_identity_of_a_pod(world: World) -> None:
    world.apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"A": "1", "f": "text"}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "token"}, "stringData": {"HF_TOKEN": "hf_x"}},
        make_pod(
            "env",
            'echo "$A $HF_TOKEN $WHO $NODE"; cat /etc/settings/f; echo; echo "$(cat '
            '/var/run/secrets/kubernetes.io/serviceaccount/namespace)"; echo x > /tmp/x; ls /tmp; sleep 600',
            envFrom=[{"secretRef": {"name": "token"}}],
            env=[
                {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "A"}}},
                {"name": "WHO", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
            ],
            volumeMounts=[{"name": "settings", "mountPath": "/etc/settings"}],
            spec={"volumes": [{"name": "settings", "configMap": {"name": "settings"}}]},
        ),
    )
    pod = world.wait_pod("env", is_ready)
    wait(lambda: len(world.kubectl("logs", "env").splitlines()) >= 4)
    assert world.kubectl("logs", "env").splitlines()[:4] == [
        f"1 hf_x env {pod['spec']['nodeName']}",
        "text",
        NAMESPACE,
        "x",
    ]
    assert pod["status"]["podIP"].startswith("100.64.")
    assert pod["status"]["hostIP"].startswith("10.1.")
    reasons = [reason for reason, _ in world.events("env")]
    assert {"Pulled", "Created", "Started"} <= set(reasons)
    world.kubectl("delete", "pod", "env")


WHOAMI = """
import json, os, ssl, urllib.request
config = json.load(open(os.environ["KUBECONFIG"]))
cluster = config["clusters"][0]["cluster"]
token = open(config["users"][0]["user"]["tokenFile"]).read()
request = urllib.request.Request(
    cluster["server"] + "/apis/authentication.k8s.io/v1/selfsubjectreviews",
    data=b'{"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}',
    headers={"Authorization": "Bearer " + token, "Content-Type": "application/json"},
)
context = ssl.create_default_context(cafile=cluster["certificate-authority"])
print(urllib.request.urlopen(request, context=context).read().decode())
"""


def test_a_pod_uses_the_api_as_its_own_service_account(world: World) -> None:
    world.apply(make_pod("who", "", command=["python3", "-c", WHOAMI], spec={"restartPolicy": "Never"}))
    world.wait_pod("who", lambda pod: pod["status"].get("phase") == "Succeeded")
    who = json.loads(world.kubectl("logs", "who"))["status"]["userInfo"]
    assert who["username"] == f"system:serviceaccount:{NAMESPACE}:default"
    assert who["extra"]["authentication.kubernetes.io/pod-name"] == ["who"]
    world.kubectl("delete", "pod", "who")


def test_probes_gate_readiness_and_port_forward_works(world: World) -> None:
    world.apply(
        make_pod(
            "server",
            f"sleep 1; {SERVER}",
            ports=[{"name": "http", "containerPort": 8000}],
            startupProbe={**HTTP, "periodSeconds": 1, "failureThreshold": 60},
            readinessProbe={**HTTP, "periodSeconds": 1},
            livenessProbe={**HTTP, "periodSeconds": 1, "failureThreshold": 1},
        )
    )
    world.wait_pod("server", lambda pod: "running" in (container(pod).get("state") or {}))
    pod = world.wait_pod("server", is_ready)
    assert container(pod)["restartCount"] == 0
    assert any(
        reason == "Unhealthy" and message.startswith("Startup probe failed")
        for reason, message in world.events("server")
    )
    port = ports.choose()
    kubeconfig = world.plane.layout.kubeconfig("admin")
    forward = subprocess.Popen(
        [
            str(world.toolchain.bin_dir / "kubectl"),
            *("--kubeconfig", str(kubeconfig), "-n", NAMESPACE, "port-forward", "pod/server", f"{port}:8000"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait(lambda: not ports.is_free(port), 20)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            assert answer.status == 200
    finally:
        forward.terminate()
        forward.wait()
    world.kubectl("delete", "pod", "server")


def test_a_failed_liveness_probe_restarts_the_container(world: World) -> None:
    world.apply(
        make_pod(
            "sick",
            "touch /tmp/well; trap 'exit 0' TERM; while true; do sleep 0.1; done",
            livenessProbe={"exec": {"command": ["cat", "/tmp/well"]}, "periodSeconds": 1, "failureThreshold": 2},
        )
    )
    pod = world.wait_pod("sick", is_ready)
    well = world.nodes_dir / "pods" / pod["metadata"]["uid"] / "containers" / "main" / "tmp" / "well"
    wait(well.exists)
    well.unlink()
    pod = world.wait_pod("sick", lambda pod: container(pod).get("restartCount", 0) == 1 and is_ready(pod))
    assert container(pod)["lastState"]["terminated"]["exitCode"] == 0
    events = dict(world.events("sick"))
    assert events["Killing"] == "Container main failed liveness probe, will be restarted"
    assert events["Unhealthy"].startswith("Liveness probe failed: cat:")
    world.kubectl("delete", "pod", "sick")


def test_crash_loop(world: World) -> None:
    script = "echo loading weights; echo torch.OutOfMemoryError: CUDA out of memory >&2; exit 1"
    world.apply(make_pod("crash", script, terminationMessagePolicy="FallbackToLogsOnError"))
    pod = world.wait_pod(
        "crash", lambda pod: state_reason(pod) == "CrashLoopBackOff" and container(pod)["restartCount"] >= 2
    )
    last = container(pod)["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"]) == (1, "Error")
    assert "CUDA out of memory" in last["message"]
    assert pod["status"]["phase"] == "Running"
    assert container(pod)["state"]["waiting"]["message"].startswith(
        "back-off 20s restarting failed container=main pod=crash_"
    )
    for previous in ([], ["--previous"]):
        assert "CUDA out of memory" in world.kubectl("logs", "crash", *previous)
    assert any(reason == "BackOff" for reason, _ in world.events("crash"))
    world.kubectl("delete", "pod", "crash")


def test_an_injected_crash(world: World) -> None:
    world.fault({"kind": "crash", "pod": "doomed", "lines": ["NCCL error: unhandled"], "exit_code": 134})
    world.apply(make_pod("doomed", "sleep 600"))
    world.wait_pod("doomed", lambda pod: state_reason(pod) == "CrashLoopBackOff")
    assert "NCCL error" in world.kubectl("logs", "doomed", "--previous")
    world.fault()
    world.wait_pod("doomed", is_ready)
    world.kubectl("delete", "pod", "doomed")


def test_images_that_cannot_be_pulled(world: World) -> None:
    gone = make_pod("gone", "true")
    gone["spec"]["containers"][0]["image"] = "docker.io/bitnami/etcd:3.5.18-debian-12-r5"
    world.fault({"kind": "image-pull", "image": "grafana/grafana:*", "message": "429 Too Many Requests"})
    limited = make_pod("limited", "true")
    limited["spec"]["containers"][0]["image"] = "grafana/grafana:12"
    world.apply(gone, limited)
    world.wait_pod("gone", lambda pod: state_reason(pod) == "ImagePullBackOff")
    pod = world.wait_pod("limited", lambda pod: state_reason(pod) == "ImagePullBackOff")
    assert pod["status"]["phase"] == "Pending"
    events = world.events("limited")
    assert ("Failed", "Error: ErrImagePull") in events
    assert any("429 Too Many Requests" in message for _, message in events)
    world.fault()
    world.wait_pod("limited", is_ready)
    world.kubectl("delete", "pod", "gone", "limited")


def test_missing_configuration_is_named(world: World) -> None:
    world.apply(make_pod("config", "sleep 600", envFrom=[{"secretRef": {"name": "later"}}]))
    pod = world.wait_pod("config", lambda pod: state_reason(pod) == "CreateContainerConfigError")
    assert container(pod)["state"]["waiting"]["message"] == 'secret "later" not found'
    world.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "later"}, "stringData": {"A": "1"}})
    world.wait_pod("config", is_ready)
    world.kubectl("delete", "pod", "config")


def test_a_command_that_is_not_there(world: World) -> None:
    pod = make_pod("nothing", "true")
    pod["spec"]["containers"][0]["command"] = ["/no/such/program"]
    world.apply(pod)
    seen = world.wait_pod("nothing", lambda pod: bool(container(pod).get("lastState")))
    end = container(seen)["lastState"]["terminated"]
    assert (end["exitCode"], end["reason"]) == (128, "StartError")
    world.kubectl("delete", "pod", "nothing")


def test_jobs_complete_and_fail(world: World) -> None:
    def job(name: str, script: str, policy: str, retries: int) -> dict[str, Any]:
        kept = {"volumes": [{"name": "kept", "emptyDir": {}}]}
        mount = [{"name": "kept", "mountPath": "/kept"}]
        template = make_pod(name, script, volumeMounts=mount, spec={"restartPolicy": policy, **kept})
        spec = {"template": {"spec": template["spec"]}, "backoffLimit": retries}
        return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec}

    # a restarted container finds its volumes as it left them, and nothing else
    again = "test ! -e /tmp/mark || exit 7; touch /tmp/mark; test -e /kept/mark || { touch /kept/mark; exit 1; }"
    world.apply(
        job("good", "echo done", "Never", 0),
        job("bad", "exit 3", "Never", 0),
        job("retried", again, "OnFailure", 1),
    )
    world.kubectl("wait", "--for=condition=Complete", "job/good", "job/retried", "--timeout=60s")
    world.kubectl("wait", "--for=condition=Failed", "job/bad", "--timeout=60s")
    assert world.kubectl("logs", "job/good").strip() == "done"
    world.kubectl("delete", "job", "good", "bad", "retried")


def test_init_containers_run_in_order_before_the_others(world: World) -> None:
    steps = [
        {"name": f"step{number}", "image": make_pod("x", "")["spec"]["containers"][0]["image"]}
        | {"command": ["/bin/sh", "-c", f"sleep 0.3; echo {number} >> /shared/log"]}
        | {"volumeMounts": [{"name": "shared", "mountPath": "/shared"}]}
        for number in (1, 2)
    ]
    world.apply(
        make_pod(
            "ordered",
            "cat /shared/log; sleep 600",
            volumeMounts=[{"name": "shared", "mountPath": "/shared"}],
            spec={"initContainers": steps, "volumes": [{"name": "shared", "emptyDir": {}}]},
        )
    )
    pod = world.wait_pod("ordered", is_ready)
    wait(lambda: world.kubectl("logs", "ordered").split() == ["1", "2"])
    assert [row["state"]["terminated"]["reason"] for row in pod["status"]["initContainerStatuses"]] == ["Completed"] * 2
    world.kubectl("delete", "pod", "ordered")


def test_deletion_is_graceful_then_firm(world: World) -> None:
    world.apply(
        make_pod("polite", "trap 'echo bye; exit 0' TERM; while true; do sleep 0.1; done"),
        make_pod("stubborn", "trap '' TERM; while true; do sleep 0.1; done"),
    )
    world.wait_pod("polite", is_ready)
    world.wait_pod("stubborn", is_ready)
    began = time.monotonic()
    world.kubectl("delete", "pod", "polite")
    assert time.monotonic() - began < 2.5
    world.kubectl("delete", "pod", "stubborn")
    assert time.monotonic() - began > 3
    assert not [one for one in process.owned(world.work) if "trap" in one.command]


def test_pods_without_a_process_are_ready_too(world: World) -> None:
    pod = make_pod("pretended", "")
    pod["spec"]["containers"][0] = {"name": "main", "image": "grafana/grafana:12"}
    world.apply(pod)
    seen = world.wait_pod("pretended", is_ready)
    assert seen["metadata"]["annotations"]["rehearsal.ai-on-eks.dynamo/run-by"] == "kwok"
    world.kubectl("delete", "pod", "pretended")


def test_pods_survive_a_killed_agent(world: World) -> None:
    world.apply(make_pod("survivor", "exec sleep 600"))
    world.wait_pod("survivor", is_ready)
    world.agent.stop()
    assert not [one for one in process.owned(world.work) if one.command == "sleep 600"]
    world.agent.start()
    world.agent.wait_for((world.nodes_dir / "agent.ready").exists, 60)
    pod = world.wait_pod("survivor", lambda pod: is_ready(pod) and container(pod)["restartCount"] == 1)
    assert container(pod)["lastState"]["terminated"]["reason"] == "Unknown"
    world.kubectl("delete", "pod", "survivor")
