# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Run `ansible-test sanity` on a copy of the tracked files.

ansible-test insists on a folder called ansible_collections/ai_on_eks/dynamo, and installs its own tools with a
get-pip.py that it downloads from a place which build machines often cannot reach; a stand-in that starts from the pip
inside Python does the same from the package index that is configured.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# Not in the collection's artifact (see build_ignore in galaxy.yml): ruff, mypy and yamllint look at these instead.
NOT_SHIPPED = (
    "bench/",
    "molecule",
    "extensions/",
    "rehearsal/",
    "requirements/",
    "tests/unit/",
    "tests/integration/",
    "tests/run.py",
)
GET_PIP = '''"""Stand-in for get-pip.py: pip from Python's own wheel, which then installs the pinned pip."""
import subprocess
import sys

subprocess.check_call([sys.executable, "-m", "ensurepip", "--default-pip"])
wanted = [a for a in sys.argv[1:] if a not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", *wanted]))
'''


def tracked() -> list[str]:
    """Files that git tracks, and new ones that it does not ignore."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.check_output(command, cwd=ROOT, text=True).split("\0")
    return [name for name in names if name and (ROOT / name).is_file() and not name.startswith(NOT_SHIPPED)]


def cache_root() -> Path:
    """Where ansible-test's own virtual environments survive from one run to the next, outside the checkout."""
    base = os.environ.get("AI_ON_EKS_DYNAMO_CACHE")
    return Path(base) if base else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ai_on_eks_dynamo"


def get_pip_names() -> list[str]:
    """The cache names under which this ansible-test looks for its get-pip.py."""
    import ansible_test._internal.python_requirements as requirements

    source = Path(requirements.__file__).read_text(encoding="utf-8")
    versions = [*re.findall(r"get-pip-(\d+\.\d+(?:\.\d+)?)\.py", source), "24.2", "25.2"]
    return sorted({f"get_pip_{version.replace('.', '_')}.py" for version in versions})


def main() -> int:
    """Entry point."""
    with tempfile.TemporaryDirectory(prefix="sanity-") as folder:
        home = cache_root() / "sanity"
        collection = Path(folder) / "ansible_collections" / "ai_on_eks" / "dynamo"
        cache = home / ".ansible" / "test" / "cache"
        cache.mkdir(parents=True, exist_ok=True)
        for name in get_pip_names():
            (cache / name).write_text(GET_PIP, encoding="utf-8")
        for name in tracked():
            target = collection / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target, follow_symlinks=False)
        pip_configuration = Path.home() / ".config" / "pip" / "pip.conf"
        if pip_configuration.exists():
            (home / ".config" / "pip").mkdir(parents=True, exist_ok=True)
            shutil.copy2(pip_configuration, home / ".config" / "pip" / "pip.conf")
        subprocess.check_call(["git", "init", "-q"], cwd=collection)
        subprocess.check_call(["git", "add", "-A"], cwd=collection)
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        command = [
            "ansible-test",
            "sanity",
            "--local",
            "--python",
            version,
            "--requirements",
            "--color",
            "no",
            *sys.argv[1:],
        ]
        env = {**os.environ, "HOME": str(home)}
        env.pop("ANSIBLE_CONFIG", None)
        return subprocess.call(command, cwd=collection, env=env)


if __name__ == "__main__":
    sys.exit(main())
