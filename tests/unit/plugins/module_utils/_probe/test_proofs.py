# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What the server counts, and which workers answer."""

from __future__ import annotations

import time
from typing import Any

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe import runner, specs
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.errors import ProbeError
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.session import Session
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.target import url_target
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.transport import Client, Key

CHAT = "/v1/chat/completions"


def check(session: Session, name: str, **options: Any) -> runner.Result:
    """Result of one check."""
    return runner.run(session, specs.parse([{"name": name, **options}])).results[0]


def test_counters_and_tokens(session: Session, stub: Any) -> None:
    result = check(session, "metrics")
    assert result.result == "passed", result.reason
    assert result.details["sent"] == 2
    assert result.details["prompt_tokens"]["after"] - result.details["prompt_tokens"]["before"] == 18
    stub.served = 7
    assert check(session, "metrics").result == "passed"


def test_tokens_that_are_counted_wrong(session: Session, stub: Any) -> None:
    def metrics(handler: Any, _body: Any) -> None:
        labels = 'endpoint="chat_completions",model="org/tiny-0.1",request_type="unary",status="success"'
        text = (
            f"dynamo_frontend_requests_total{{{labels}}} {stub.served}\n"
            f'dynamo_frontend_input_sequence_tokens_sum{{model="org/tiny-0.1"}} {9 * stub.served}\n'
            f'dynamo_frontend_output_sequence_tokens_sum{{model="org/tiny-0.1"}} {3 * stub.served}\n'
        )
        handler.send(200, text.encode(), "text/plain")

    stub.served = 1
    stub.routes["/metrics"] = metrics
    result = check(session, "metrics")
    assert result.result == "failed"
    assert "dynamo_frontend_output_sequence_tokens_sum rose by 6 for 2" in result.reason


def endless(stub: Any, leak: bool = False) -> None:
    """Let the stub stream for ever, and notice (or not) that the client is gone."""

    def route(handler: Any, body: Any) -> None:
        if not body.get("stream"):
            stub.chat(handler, body)
            return
        stub.running += 1
        chunk = stub.chunks(body)[0]
        try:
            for _ in range(2000):
                handler.send_events([chunk], done=False) if _ == 0 else send(handler, chunk)
                time.sleep(0.002)
        except ConnectionError:
            pass
        if not leak:
            stub.running -= 1

    stub.routes[CHAT] = route


def send(handler: Any, chunk: Any) -> None:
    """One more event."""
    import json

    handler.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())


def test_cancel(session: Session, stub: Any) -> None:
    session.clock, session.sleep = time.monotonic, time.sleep
    session.deadline = session.clock() + 60
    endless(stub)
    result = check(session, "cancel")
    assert result.result == "passed", result.reason
    assert (result.details["before"], result.details["during"], result.details["after"]) == (0, 1, 0)


def test_cancel_that_is_not_noticed(session: Session, stub: Any) -> None:
    session.clock, session.sleep = time.monotonic, time.sleep
    session.deadline = session.clock() + 60
    endless(stub, leak=True)
    result = check(session, "cancel", settle=0.3)
    assert "goes on computing for clients that are gone" in result.reason


def test_cancel_of_a_short_answer_proves_nothing(session: Session) -> None:
    assert "before it could be given up" in check(session, "cancel").reason


def test_cancel_without_a_gauge(session: Session, stub: Any) -> None:
    stub.routes["/metrics"] = lambda h, _b: h.send(200, b"up 1\n", "text/plain")
    assert check(session, "cancel").result == "skipped"


def workers(stub: Any, pick: Any, listed: dict[str, list[int]] | None = None) -> None:
    """Let the stub name the workers that `pick` chooses from the body and the number of the request."""
    count = [0]

    def route(handler: Any, body: Any) -> None:
        count[0] += 1
        prefill, decode = pick(body, count[0])
        message = {"message": {"role": "assistant", "content": "x"}}
        ids = {"worker_id": {"prefill_worker_id": prefill, "decode_worker_id": decode}}
        handler.send(200, {**stub.document(body, **message), "nvext": ids})

    stub.routes[CHAT] = route
    instances = [
        {
            "namespace": component.rpartition("/")[0],
            "component": component.rpartition("/")[2],
            "endpoint": endpoint,
            "instance_id": worker,
        }
        for component, ids in (listed or {"backend": [10, 11]}).items()
        for worker in ids
        for endpoint in ("generate", "load_metrics")
    ]
    stub.routes["/health"] = lambda h, _b: h.send(200, {"status": "healthy", "instances": instances})


def test_worker_ids(session: Session, stub: Any) -> None:
    workers(stub, lambda _b, _n: (10, 10))
    result = check(session, "worker_ids")
    assert (result.result, result.evidence) == ("passed", "worker a, of 2 listed")
    workers(stub, lambda _b, _n: (99, 99))
    assert "worker 63 answered, but /health lists a, b" in check(session, "worker_ids").reason


@pytest.mark.parametrize("name", ["worker_ids", "prefix_affinity", "spread", "disaggregation"])
def test_proofs_of_another_server_are_skipped(session: Session, stub: Any, name: str) -> None:
    assert check(session, name).result == "skipped"
    stub.routes[CHAT] = lambda h, _b: h.send(400, {"message": "unknown field nvext"})
    assert "refuses nvext" in check(session, name).reason


def test_prefix_affinity(session: Session, stub: Any) -> None:
    workers(stub, lambda _b, _n: (11, 11))
    result = check(session, "prefix_affinity")
    assert result.result == "passed"
    assert result.details["workers"] == {"b": 8}
    workers(stub, lambda _b, n: (10 + n % 2,) * 2)
    assert "the router does not route by prefix" in check(session, "prefix_affinity").reason
    assert "3 workers were expected, /health lists 2" in check(session, "prefix_affinity", workers=3).reason
    workers(stub, lambda _b, _n: (10, 10), {"backend": [10]})
    assert "there is one worker" in check(session, "prefix_affinity").reason


def test_workers_of_other_graphs_do_not_count(session: Session, stub: Any) -> None:
    """/health lists the workers of all graphs in the Kubernetes namespace, with the Dynamo namespace of each."""
    listed = {"mine/backend": [10, 11], "other/backend": [20, 21, 22], "other/prefill": [23]}
    workers(stub, lambda _b, n: (10 + n % 2,) * 2, listed)
    assert check(session, "spread", workers=2).result == "passed"
    assert check(session, "worker_ids").evidence.endswith("of 2 listed")
    assert "not disaggregated" in check(session, "disaggregation").reason


def test_spread(session: Session, stub: Any) -> None:
    workers(stub, lambda _b, n: (10 + n % 2,) * 2)
    result = check(session, "spread")
    assert (result.result, result.details["workers"]) == ("passed", {"a": 1, "b": 1})
    workers(stub, lambda _b, _n: (10, 10))
    result = check(session, "spread", requests=5)
    assert (result.result, result.details["workers"]) == ("failed", {"a": 5, "b": 0})


def test_disaggregation(session: Session, stub: Any) -> None:
    workers(stub, lambda _b, _n: (10, 11), {"prefill": [10], "backend": [11]})
    assert check(session, "disaggregation").evidence == "prefill by worker a, decode by worker b"
    workers(stub, lambda _b, _n: (11, 11), {"prefill": [10], "backend": [11]})
    assert "worker b did both, though there is a component prefill" in check(session, "disaggregation").reason
    workers(stub, lambda _b, _n: (11, 11), {"backend": [11]})
    assert check(session, "disaggregation").result == "skipped"


def worker_page(stub: Any, text: str = "", rises: bool = True) -> None:
    """Let the stub be a worker as well."""

    def metrics(handler: Any, _body: Any) -> None:
        count = stub.served if rises else 0
        mine = f'dynamo_component_requests_total{{dynamo_endpoint="generate"}} {count}\n'
        handler.send(200, (text or mine).encode(), "text/plain")

    stub.routes["/metrics"] = metrics


def test_worker_metrics(session: Session, stub: Any) -> None:
    worker_page(stub)
    result = check(session, "worker_metrics", urls=[stub.url])
    assert result.result == "passed", result.reason
    assert "rose by 1 after one request" in result.evidence
    worker_page(stub, rises=False)
    assert "did not rise" in check(session, "worker_metrics", urls=[stub.url]).reason
    worker_page(stub, "process_cpu 1\n")
    assert "none of its metrics begins like" in check(session, "worker_metrics", urls=[stub.url]).reason
    stub.routes["/health"] = lambda h, _b: h.send(503, {"status": "notready"})
    assert "GET /health answered 503" in check(session, "worker_metrics", urls=[stub.url]).reason


def test_workers_of_a_cluster(session: Session, stub: Any) -> None:
    class Pods:
        """A cluster with one worker."""

        def logs(self, _selector: str, _container: str) -> list[tuple[str, list[str]]]:
            return []

        def clients(self, selector: str, port: str) -> list[tuple[str, Client]]:
            if selector == "app=forbidden":
                raise ProbeError("pods is forbidden")
            return [("worker-0", Client(url_target(stub.url)))] if (selector, port) == ("app=worker", "9090") else []

    assert check(session, "worker_metrics").result == "skipped"
    assert "needs a cluster" in check(session, "worker_metrics", selector="app=worker").reason
    session.cluster = Pods()
    worker_page(stub)
    result = check(session, "worker_metrics", selector="app=worker")
    assert (result.result, result.details["workers"][0]["name"]) == ("passed", "worker-0")
    assert "no ready pod has the labels app=none" in check(session, "worker_metrics", selector="app=none").reason
    assert "forbidden" in check(session, "worker_metrics", selector="app=forbidden").reason


def refusals(session: Session, *cases: str, **options: Any) -> dict[str, tuple[str, str]]:
    """Result and reason of cases of the check errors."""
    result = check(session, "errors", cases=list(cases), **options)
    return {case["name"]: (case["result"], case["reason"]) for case in result.details["cases"]}


def test_over_context(session: Session, stub: Any) -> None:
    assert refusals(session, "over_context")["over_context"][0] == "skipped"
    sizes = []

    def route(handler: Any, body: Any) -> None:
        sizes.append(len(body["messages"][0]["content"].split()))
        handler.send(400, {"error": {"message": "too long"}})

    stub.routes[CHAT] = route
    assert refusals(session, "over_context", context_tokens=100)["over_context"][0] == "passed"
    stub.routes["/v1/models"] = lambda h, _b: h.send(200, {"data": [{"id": session.model, "max_model_len": 500}]})
    assert refusals(session, "over_context")["over_context"][0] == "passed"
    assert sizes == [164, 564]


def test_wrong_key(session: Session, stub: Any) -> None:
    assert refusals(session, "wrong_key")["wrong_key"][0] == "skipped"
    session.client = Client(url_target(stub.url), key=Key("secret"))
    assert "must be refused with 401 or 403" in refusals(session, "wrong_key")["wrong_key"][1]
    stub.routes[CHAT] = lambda h, _b: h.send(401, {"error": {"message": "no key"}})
    assert refusals(session, "wrong_key")["wrong_key"][0] == "passed"


def test_bad_request_that_hangs_or_crashes(session: Session, stub: Any) -> None:
    stub.routes[CHAT] = lambda _h, _b: time.sleep(0.5)
    found = refusals(session, "unknown_model", timeout=0.2)
    assert "a bad request got no answer: no complete answer within 0.2 s" in found["unknown_model"][1]
    stub.routes[CHAT] = lambda h, _b: h.send(500, {"error": "panic"})
    assert "the answer was 500" in refusals(session, "negative_max_tokens")["negative_max_tokens"][1]
