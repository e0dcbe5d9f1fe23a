# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Folders of Go modules that ship charts and definitions."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent / "tools"
KARPENTER = "github.com/aws/karpenter-provider-aws"
PROMETHEUS_OPERATOR = "github.com/prometheus-operator/prometheus-operator"
PROMETHEUS_OPERATOR_VERSION = "v0.94.0"
ARGO_CD = "github.com/argoproj/argo-cd/v3"


class ModuleError(RuntimeError):
    """A Go module cannot be had; the message says why and what to do."""


def _go(arguments: list[str]) -> str:
    environment = {**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
    try:
        answer = subprocess.run(
            ["go", *arguments], cwd=TOOLS, env=environment, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise ModuleError(
            "Failed to run go: it is not installed. Install Go 1.26 or newer (https://go.dev/dl)."
        ) from error
    if answer.returncode:
        raise ModuleError(f"Failed to run go {' '.join(arguments)}: {(answer.stderr or answer.stdout).strip()}")
    return answer.stdout


def required_version(go_mod: str, module: str) -> str:
    """Version that a go.mod file requires of a module.

    Raises:
        ModuleError: it requires none.
    """
    found = re.search(rf"^(?:require\s+)?\s*{re.escape(module)}\s+(v\S+)", go_mod, re.MULTILINE)
    if not found:
        raise ModuleError(f"Failed to find {module} in go.mod. Add it to rehearsal/tools.")
    return found.group(1)


def cached_folder(cache: Path, module: str, version: str) -> Path:
    """Where Go keeps a module (capitals are written as ! and the small letter)."""
    escaped = re.sub(r"[A-Z]", lambda match: "!" + match.group(0).lower(), module)
    return cache / f"{escaped}@{version}"


def folder(module: str, version: str) -> Path:
    """Return a module's folder, downloading it when it is not there yet.

    Raises:
        ModuleError: go is missing, or the module proxy does not serve this version.
    """
    path = cached_folder(Path(_go(["env", "GOMODCACHE"]).strip()), module, version)
    if path.is_dir():
        return path
    return Path(json.loads(_go(["mod", "download", "-json", f"{module}@{version}"]))["Dir"])


def karpenter() -> Path:
    """Folder of the Karpenter release that rehearsal/tools builds."""
    go_mod = (TOOLS / "karpenter" / "go.mod").read_text(encoding="utf-8")
    return folder(KARPENTER, required_version(go_mod, KARPENTER))


def prometheus_operator() -> Path:
    """Folder of the Prometheus operator whose definitions the stand-in chart carries."""
    return folder(PROMETHEUS_OPERATOR, PROMETHEUS_OPERATOR_VERSION)


def argo_cd() -> Path:
    """Folder of the Argo CD release that rehearsal/tools builds."""
    go_mod = (TOOLS / "argocd" / "go.mod").read_text(encoding="utf-8")
    return folder(ARGO_CD, required_version(go_mod, ARGO_CD))
