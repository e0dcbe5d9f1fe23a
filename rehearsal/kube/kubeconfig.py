# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Kubeconfig files for the control plane's own clients. JSON is YAML, so no YAML library is needed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from rehearsal.kube.pki import Pki


def render(server: str, ca: Path | None, certificate: Path | None = None, key: Path | None = None) -> dict[str, Any]:
    """Return a kubeconfig with one context, of a client that authenticates by certificate (or not at all)."""
    cluster: dict[str, str] = {"server": server}
    if ca is not None:
        cluster["certificate-authority"] = str(ca)
    user = {"client-certificate": str(certificate), "client-key": str(key)} if certificate and key else {}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "cluster", "cluster": cluster}],
        "users": [{"name": "client", "user": user}],
        "contexts": [{"name": "default", "context": {"cluster": "cluster", "user": "client"}}],
        "current-context": "default",
    }


def write(path: Path, config: dict[str, Any]) -> Path:
    """Write a kubeconfig that only its owner may read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        json.dump(config, out, indent=1)
    return path


def for_client(path: Path, server: str, pki: Pki, name: str) -> Path:
    """Write the kubeconfig of one certificate's holder."""
    return write(path, render(server, pki.ca, pki.cert(name), pki.key(name)))
