# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A support bundle of a cluster in which secrets were planted wherever people leave them."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args

from ansible_collections.ai_on_eks.dynamo.plugins.modules import support_bundle
from tests.integration.nodes.conftest import NAMESPACE, World, make_pod, wait

PLANTED = "pl4ntedS3cretValue"
HUB = "hf_pl4ntedpl4ntedpl4nted"


def planted() -> list[dict[str, Any]]:
    """Objects that hold secrets, as they should and as they should not."""
    script = f"echo HF_TOKEN=$HF_TOKEN; echo loading with {HUB} --api-key {PLANTED}; echo ready to help; sleep 1000"
    pod = make_pod("planted", script, env=[{"name": "HF_TOKEN", "value": PLANTED}])
    pod["metadata"]["annotations"] = {"example.com/password": PLANTED}
    return [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "hf-token-secret"}, "stringData": {"t": PLANTED}},
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "settings"},
            "data": {"engine.yaml": f"model: Qwen\napi_key: {PLANTED}\n", "token": PLANTED},
        },
        pod,
    ]


def test_nothing_that_was_planted_is_in_it(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world.apply(*planted())
    wait(lambda: "ready to help" in world.kubectl("logs", "planted", check=False))
    kubeconfig, path = world.plane.layout.kubeconfig("admin"), tmp_path / "help.tar.gz"
    arguments = {
        "kubeconfig": str(kubeconfig),
        "context": str(yaml.safe_load(kubeconfig.read_text())["current-context"]),
        "path": str(path),
        "namespaces": [NAMESPACE, "nowhere"],
        "notes": {"cluster": {"name": "demo", "token": PLANTED}},
    }
    with patch_module_args(arguments), pytest.raises(SystemExit):
        support_bundle.main()
    result = json.loads(capsys.readouterr().out)
    assert (result.get("msg"), result["problems"]) == (None, ["nowhere: no such namespace"])
    found: dict[str, str] = {}
    with tarfile.open(path) as archive:
        for entry in archive.getmembers():
            stream = archive.extractfile(entry)
            assert stream is not None
            found[entry.name.removeprefix("help/")] = stream.read().decode()
    assert len(found) == result["files"]
    assert [name for name, text in found.items() if PLANTED in text or HUB in text] == []
    assert "ready to help" in found[f"{NAMESPACE}/logs/planted/main.log"]
    assert found[f"{NAMESPACE}/secrets.txt"].split() == ["hf-token-secret"]
    assert "model: Qwen" in found[f"{NAMESPACE}/configmaps.json"]
    for name in ("versions/kubernetes.json", "cluster/nodes.json", f"{NAMESPACE}/events.json", "cluster.json"):
        assert name in found
    world.kubectl("delete", "pod/planted", "configmap/settings", "secret/hf-token-secret", "--wait=false")
