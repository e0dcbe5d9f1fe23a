# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Check the Terraform roots in a copy: formatting, validity, and their own tests with a mocked provider."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rehearsal.bootstrap import provider

ROOT = Path(__file__).resolve().parent.parent


def provider_environment(folder: Path) -> dict[str, str]:
    """Let Terraform find its provider: in a mirror on this machine, or where the user's own configuration says."""
    source = provider.find(os.environ)
    print(provider.describe(source), flush=True)
    if source.user_config is not None:
        return {}
    cache = folder / "plugins"
    cache.mkdir()
    config = folder / "terraform.rc"
    config.write_text(provider.render(source, cache), encoding="utf-8")
    return {"TF_CLI_CONFIG_FILE": str(config)}


def main() -> int:
    """Entry point."""
    with tempfile.TemporaryDirectory(prefix="terraform-") as folder:
        root = Path(folder) / "root"
        shutil.copytree(ROOT / "terraform", root, ignore=shutil.ignore_patterns(".terraform", "*.tfstate*"))
        env = {**os.environ, **provider_environment(Path(folder))}
        commands = [(root, ["terraform", "fmt", "-check", "-recursive", "-diff"])]
        for place in (root, root / "adopt"):
            commands += [
                (place, ["terraform", "init", "-backend=false", "-input=false", "-no-color"]),
                (place, ["terraform", "validate", "-no-color"]),
                (place, ["terraform", "test", "-no-color"]),
            ]
        for place, command in commands:
            print("$", " ".join(command), flush=True)
            code = subprocess.call(command, cwd=place, env=env)
            if code:
                return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
