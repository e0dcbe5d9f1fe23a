# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The module openai_probe as Ansible calls it: options, check mode, secrets, files and exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.checks import CHECKS
from ansible_collections.ai_on_eks.dynamo.plugins.modules import openai_probe

ROOT = Path(__file__).resolve().parents[4]
KEY = "hunter2-secret"


class Handler(BaseHTTPRequestHandler):
    """Answers /live, echoing the key it got as a careless server would."""

    def log_message(self, *_arguments: Any) -> None:
        """Keep the test output clean."""

    def do_GET(self) -> None:
        """Count and answer."""
        self.server.asked += 1  # type: ignore[attr-defined]
        body = json.dumps({"status": "live", "got": self.headers.get("Authorization")}).encode()
        self.send_response(200 if self.path == "/live" else 500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def server() -> Iterator[Any]:
    """A server that counts what it was asked."""
    found = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.asked = 0  # type: ignore[attr-defined]
    threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield found
    found.shutdown()
    found.server_close()


def run(capfd: pytest.CaptureFixture[str], **options: Any) -> dict[str, Any]:
    """Run the module in this process and return its result."""
    with patch_module_args(options), pytest.raises(SystemExit):
        openai_probe.main()
    result: dict[str, Any] = json.loads(capfd.readouterr().out)
    return result


def url(server: Any) -> str:
    """Address of the server."""
    return f"http://127.0.0.1:{server.server_address[1]}"


def test_pass(capfd: pytest.CaptureFixture[str], server: Any, tmp_path: Path) -> None:
    paths = {"html": str(tmp_path / "r.html"), "json": str(tmp_path / "r.json"), "junit": str(tmp_path / "r.xml")}
    result = run(capfd, url=url(server), checks=["live"], title="web", reports=paths, api_key=KEY)
    assert (result["passed"], result["changed"], result.get("failed", False)) == (True, False, False)
    assert result["counts"] == {"passed": 1, "failed": 0, "skipped": 0}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.html", "r.json", "r.xml"]
    assert KEY not in json.dumps(result)


def test_key_is_in_no_report(capfd: pytest.CaptureFixture[str], server: Any, tmp_path: Path) -> None:
    paths = {form: str(tmp_path / form) for form in ("html", "json", "junit")}
    run(capfd, url=url(server), checks=["live", "health"], reports=paths, api_key=KEY, fail_on_failure=False)
    for path in tmp_path.iterdir():
        assert KEY not in path.read_text()
        assert "********" in path.read_text()


def test_failure(capfd: pytest.CaptureFixture[str], server: Any) -> None:
    result = run(capfd, url=url(server), checks=["live", "health"], title="web")
    assert result["failed"] is True
    assert result["msg"].startswith("Failed to probe web: health: GET /health answered 500")
    assert result["passed"] is False


def test_failure_that_does_not_fail_the_task(capfd: pytest.CaptureFixture[str], server: Any) -> None:
    result = run(capfd, url=url(server), checks=["health"], fail_on_failure=False)
    assert (result.get("failed", False), result["passed"]) == (False, False)


def test_check_mode_sends_nothing(capfd: pytest.CaptureFixture[str], server: Any) -> None:
    result = run(capfd, url=url(server), _ansible_check_mode=True)
    assert server.asked == 0
    assert result["skipped"] is True
    assert "passed" not in result
    assert {check["result"] for check in result["checks"]} == {"skipped"}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "one of the following is required: url, service, pod, namespace"),
        ({"url": "http://h", "service": "x"}, "mutually exclusive"),
        ({"service": "x"}, "missing parameter(s) required by 'service'"),
        ({"namespace": "x"}, "only log and prometheus can be checked"),
        ({"namespace": "x", "checks": [{"name": "log", "selector": "a=b", "pattern": "c"}]}, "kubeconfig, context and"),
        ({"url": "h:80"}, "url must look like"),
        ({"url": "http://h", "checks": ["chatt"]}, "There are: live"),
        ({"url": "http://h", "timeout": -1}, "timeout must not be negative"),
        ({"url": "http://h", "api_key": "a\nb"}, "line breaks"),
        ({"url": "https://h", "ca_path": "/nowhere.pem"}, "No such file"),
        (
            {"service": "x", "namespace": "y", "kubeconfig": "/nowhere", "context": "z"},
            "Failed to probe service y/x: Failed to load context 'z' of /nowhere",
        ),
    ],
)
def test_wrong_options(capfd: pytest.CaptureFixture[str], options: dict[str, Any], says: str) -> None:
    result = run(capfd, **options)
    assert result["failed"] is True
    assert says in result["msg"]


def test_report_that_cannot_be_written(capfd: pytest.CaptureFixture[str], server: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run(capfd, url=url(server), checks=["live"], reports={"json": str(tmp_path / "file" / "r.json")})
    assert result["failed"] is True
    assert "Failed to write the report" in result["msg"]
    assert result["passed"] is True


def test_documentation_is_the_code() -> None:
    documented = yaml.safe_load(openai_probe.DOCUMENTATION)["options"]
    sys.path.insert(0, str(ROOT))
    from ansible_collections.ai_on_eks.dynamo.plugins.doc_fragments import _endpoint

    documented |= yaml.safe_load(_endpoint.ModuleDocFragment.DOCUMENTATION)["options"]
    assert documented.keys() == openai_probe.ARGUMENTS.keys()
    for name, option in openai_probe.ARGUMENTS.items():
        assert documented[name]["type"] == option["type"], name
        assert documented[name].get("default") == option.get("default"), name
    described = " ".join(documented["checks"]["description"])
    assert all(f"C({name})" in described for name in CHECKS)
    assert yaml.safe_load(openai_probe.EXAMPLES)
    assert set(yaml.safe_load(openai_probe.RETURN)) >= {"passed", "checks", "answer", "models"}


def test_start_is_light() -> None:
    code = (
        "import sys; sys.path.insert(0, 'tests'); import conftest; before = set(sys.modules);"
        "from ansible_collections.ai_on_eks.dynamo.plugins.modules import openai_probe;"
        "print([name for name in ('kubernetes', 'websocket', 'urllib3', 'asyncio', 'requests')"
        " if name in set(sys.modules) - before])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
