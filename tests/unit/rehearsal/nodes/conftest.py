# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A configuration of the node agent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rehearsal.nodes import config


@pytest.fixture
def agent_json(tmp_path: Path) -> dict[str, Any]:
    """The contents of an agent.json."""
    return {
        "cluster": "c",
        "region": "us-west-2",
        "account": "123456789012",
        "aws_endpoint": "http://127.0.0.1:1",
        "aws_admin_file": str(tmp_path / "admin.json"),
        "server": "https://127.0.0.1:6443",
        "ca_file": str(tmp_path / "pki/ca.crt"),
        "kubeconfig": str(tmp_path / "kubeconfig"),
        "pki_dir": str(tmp_path / "pki"),
        "work_dir": str(tmp_path / "w"),
        "egress_socket": str(tmp_path / "s"),
        "bin_dir": str(tmp_path / "bin"),
        "main_python": "/venv/main/bin/python",
        "dynamo_python": "/venv/dynamo/bin/python",
        "repo": str(tmp_path / "repo"),
    }


@pytest.fixture
def agent_config(agent_json: dict[str, Any]) -> config.AgentConfig:
    """The same, read."""
    return config.parse(agent_json)
