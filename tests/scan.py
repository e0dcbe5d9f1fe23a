# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Scan the Terraform roots with checkov, in an environment of its own; what is skipped stands in .checkov.yaml."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from rehearsal.bootstrap.places import Places

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Entry point."""
    places = Places.here()
    if not places.has("checkov"):
        code = subprocess.call([sys.executable, "-m", "rehearsal.bootstrap", "--only", "checkov"], cwd=ROOT)
        if code:
            return code
    # Our modules are not its modules; and it would ask its vendor's service for more, given a key.
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "BC_API_KEY")}
    program = places.venv("checkov") / "bin" / "checkov"
    return subprocess.call([program, "--directory", "terraform", "--config-file", ".checkov.yaml"], cwd=ROOT, env=env)


if __name__ == "__main__":
    sys.exit(main())
