# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Where virtual environments and tools are, as a pure function of what goes into them.

A name holds a hash of its inputs, so a change of a pinned version is a new place, and checkouts share what is equal.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal import paths

TOOLS_DIR = paths.REPO / "rehearsal" / "tools"
REQUIREMENTS_DIR = paths.REPO / "requirements"
VENVS = ("main", "dynamo")
# Made when something first needs them: most rehearsals do without, and checkov only scans the Terraform roots.
ON_DEMAND_VENVS = ("dynamo-0.4", "checkov", "openai", "llama-cpp", "litellm", "aiperf")
COMPLETE = "complete"


@dataclass(frozen=True)
class Tool:
    """One `go build` or `go install`: binaries that belong together.

    Attributes:
        module: folder under rehearsal/tools with a go.mod, "" for `go install`.
        binaries: binary name → package (of the module) or package@version (to install).
    """

    name: str
    module: str
    binaries: Mapping[str, str]
    ldflags: str
    goflags: str
    toolchain: str

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Tool:
        """Read one entry of tools.json."""
        return cls(
            name=data["name"],
            module=data.get("module", ""),
            binaries=data.get("binaries") or data["install"],
            ldflags=data.get("ldflags", ""),
            goflags=data.get("goflags", ""),
            toolchain=data.get("toolchain", ""),
        )


def tools(*, on_demand: bool = False) -> list[Tool]:
    """Read the table of tools: those that every rehearsal needs, or those that are made on demand."""
    entries = json.loads((TOOLS_DIR / "tools.json").read_text())
    return [Tool.from_json(entry) for entry in entries if bool(entry.get("on_demand")) == on_demand]


def digest(*parts: bytes) -> str:
    """Return twelve characters that differ when any part differs."""
    summary = hashlib.sha256()
    for part in parts:
        summary.update(len(part).to_bytes(8, "big") + part)
    return summary.hexdigest()[:12]


def requirement_files(name: str) -> list[Path]:
    """Return what decides about the contents of a virtual environment."""
    names = ["main.txt"] if name == "main" else [f"{name}.in", f"{name}.txt"]
    return [REQUIREMENTS_DIR / file for file in names]


@dataclass(frozen=True)
class Places:
    """The cache's layout for this checkout and this Python."""

    cache: Path
    python: str  # identifies the interpreter that virtual environments are made of

    @classmethod
    def here(cls, environ: Mapping[str, str] = os.environ) -> Places:
        """Describe the places for the running interpreter, or the one its virtual environment was made of."""
        version = ".".join(str(number) for number in sys.version_info[:3])
        return cls(paths.cache_root(environ), f"{sys.base_prefix} {version}")

    def venv(self, name: str) -> Path:
        """Return the directory of a virtual environment."""
        contents = [file.read_bytes() for file in requirement_files(name)]
        return self.cache / "venv" / f"{name}-{digest(self.python.encode(), *contents)}"

    def python_of(self, name: str) -> Path:
        """Return the interpreter of a virtual environment."""
        return self.venv(name) / "bin" / "python"

    def tool(self, tool: Tool) -> Path:
        """Return the directory of a tool; its binaries are in `bin`."""
        parts = [repr((tool, platform.system(), platform.machine())).encode()]
        if tool.module:
            module = TOOLS_DIR / tool.module
            parts += [
                file.relative_to(module).as_posix().encode() + file.read_bytes()
                for file in sorted(module.rglob("*"))
                if file.suffix in (".mod", ".sum", ".go")
            ]
        return self.cache / "tools" / f"{tool.name}-{digest(*parts)}"

    @property
    def bin_dir(self) -> Path:
        """One directory with links to every binary of every tool."""
        names = "\n".join(str(self.tool(tool)) for tool in tools())
        return self.cache / "tools" / f"all-{digest(names.encode())}" / "bin"

    @property
    def terraform_plugins(self) -> Path:
        """Terraform's own cache of providers, shared by every work directory."""
        return self.cache / "terraform-plugins"

    @property
    def logs(self) -> Path:
        """Output of pip and go."""
        return self.cache / "logs"

    def on_demand(self) -> dict[str, Path]:
        """Return the directories of what is made on demand, whether it is there or not."""
        found = {name: self.venv(name) for name in ON_DEMAND_VENVS}
        return found | {tool.name: self.tool(tool) for tool in tools(on_demand=True)}

    def has(self, name: str) -> bool:
        """Tell whether something that is made on demand is there."""
        return (self.on_demand()[name] / COMPLETE).exists()

    def missing(self) -> list[str]:
        """Return the names of what every rehearsal needs and is not there yet."""
        lacking = [name for name in VENVS if not (self.venv(name) / COMPLETE).exists()]
        lacking += [tool.name for tool in tools() if not (self.tool(tool) / COMPLETE).exists()]
        if not lacking and not self.bin_dir.exists():
            lacking.append("links to the tools")
        return lacking
