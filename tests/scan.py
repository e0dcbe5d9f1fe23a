# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Scan the Terraform roots and the Kubernetes objects with checkov, in an environment of its own.

What is skipped stands in .checkov.yaml and .checkov-objects.yaml, each with its reason.
"""

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
    made = ROOT / "tests" / "output" / "objects"
    subprocess.run([sys.executable, "tests/objects.py", str(made)], cwd=ROOT, env=_importing(), check=True)
    scans = {"terraform": ".checkov.yaml", str(made): ".checkov-objects.yaml"}
    codes = [
        subprocess.call([program, "--directory", folder, "--config-file", config], cwd=ROOT, env=env)
        for folder, config in scans.items()
    ]
    return max(codes)


def _importing() -> dict[str, str]:
    """Return an environment in which the collection can be imported."""
    return {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / '.ansible' / 'collections'}"}


if __name__ == "__main__":
    sys.exit(main())
