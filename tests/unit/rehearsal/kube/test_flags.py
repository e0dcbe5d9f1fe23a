# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Command lines: everything on 127.0.0.1, every path inside the cluster's own directory."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from rehearsal.kube import flags, versions

LAYOUT = flags.Layout(
    name="demo",
    directory=Path("/w/clusters/demo"),
    bin_dir=Path("/cache/bin"),
    ports=flags.Ports(1, 2, 3, 4, 5, 6),
    service_cidr="10.100.0.0/16",
    issuer="https://oidc.example/id/1",
    egress_socket=Path("/w/s/1"),
)
COMMANDS = [flags.etcd, flags.apiserver, flags.controller_manager, flags.scheduler]


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_listens_beyond_this_machine(command: object) -> None:
    assert callable(command)
    line = " ".join(command(LAYOUT))
    assert "0.0.0.0" not in line
    assert "bind-address=127.0.0.1" in line or "listen-client-urls=http://127.0.0.1" in line


@pytest.mark.parametrize("command", COMMANDS)
def test_every_path_is_inside_the_cluster(command: object) -> None:
    assert callable(command)
    for value in re.findall(r"=(/\S+)", " ".join(command(LAYOUT))):
        assert value.startswith("/w/clusters/demo/")


def test_the_api_server_has_what_eks_has() -> None:
    line = flags.apiserver(LAYOUT)
    assert "--service-account-issuer=https://oidc.example/id/1" in line
    assert "--service-cluster-ip-range=10.100.0.0/16" in line
    assert any("ExtendedResourceToleration" in flag for flag in line)
    assert f"--authentication-token-webhook-config-file={LAYOUT.webhook_config}" in line


def test_egress_goes_through_the_agents_socket() -> None:
    selection = flags.egress(Path("/w/s/1"))["egressSelections"][0]
    assert selection["name"] == "cluster"
    assert selection["connection"] == {"proxyProtocol": "HTTPConnect", "transport": {"uds": {"udsName": "/w/s/1"}}}


@pytest.mark.parametrize(("version", "emulated"), [("1.33", ["--emulated-version=1.33"]), ("1.35", []), ("1.36", [])])
def test_an_older_version_is_emulated(version: str, emulated: list[str]) -> None:
    layout = replace(LAYOUT, version=version)
    for command in (flags.apiserver, flags.controller_manager, flags.scheduler):
        assert [flag for flag in command(layout) if flag.startswith("--emulated-version")] == emulated
    assert f"--shown-version={versions.eks_version(version)}" in flags.apiserver(layout)


@pytest.mark.parametrize(
    ("name", "minor"),
    [
        ("amazon-eks-node-al2023-x86_64-nvidia-1.33-v20260714", "1.33"),
        ("bottlerocket-aws-k8s-1.34-nvidia-x86_64-v1.56.0", "1.34"),
        ("my-image-2.1-x", ""),
    ],
)
def test_a_node_image_says_which_kubelet_it_has(name: str, minor: str) -> None:
    assert versions.of_image(name) == minor


def test_eks_words_versions_in_its_own_way() -> None:
    assert versions.eks_version("1.33").startswith("v1.33.7-eks-")
