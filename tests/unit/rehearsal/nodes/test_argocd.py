# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Argo CD and its redis behind their images."""

from __future__ import annotations

import json

import pytest

from rehearsal.nodes import images
from rehearsal.nodes.runtime import servers

ENVIRON = {"REHEARSAL_PORTS": json.dumps({"8081": 20001, "8084": 20002, "6379": 20003}), "A": "b"}


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        ("quay.io/argoproj/argocd:v3.1.16", "argocd"),
        ("mirror.example.com/quay/argoproj/argocd:v3.1.16", "argocd"),
        ("ecr-public.aws.com/docker/library/redis:7.2.8-alpine", "redis"),
    ],
)
def test_recipes(image: str, kind: str) -> None:
    how = images.recipe(image)
    assert how is not None
    assert (how.kind, how.needs) == (kind, ("argocd",))


@pytest.mark.parametrize("image", ["quay.io/argoproj/argocli:v3", "example.com/redis:7"])
def test_others_pretend(image: str) -> None:
    assert images.recipe(image) is None


def test_repo_server() -> None:
    words = ["/usr/local/bin/argocd-repo-server", "--port=8081", "--metrics-port=8084", "--loglevel=debug"]
    argv, env = servers.argocd("/bin/argocd", words, ENVIRON)
    listening = ["--address=127.0.0.1", "--metrics-address=127.0.0.1"]
    assert argv == ["/bin/argocd", "--port=20001", "--metrics-port=20002", "--loglevel=debug", *listening]
    assert (env["ARGOCD_BINARY_NAME"], env["A"]) == ("argocd-repo-server", "b")


def test_job_of_the_chart() -> None:
    argv, env = servers.argocd("/bin/argocd", ["argocd", "admin", "redis-initial-password"], ENVIRON)
    assert argv == ["/bin/argocd", "admin", "redis-initial-password"]
    assert env["ARGOCD_BINARY_NAME"] == "argocd"


def test_redis() -> None:
    argv = servers.redis("/bin/redis-server", ["--save", "", "--requirepass x"], ENVIRON)
    assert argv == ["/bin/redis-server", "--save", "", "--requirepass x", "--port", "20003"]
