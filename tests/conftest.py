# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Make the collection importable under its real name, and the rehearsal as a package."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COLLECTIONS = ROOT / ".ansible" / "collections"


def _link_collection() -> None:
    """Put the checkout where Ansible looks for ai_on_eks.dynamo (idempotent)."""
    link = COLLECTIONS / "ansible_collections" / "ai_on_eks" / "dynamo"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.exists():
        link.symlink_to("../../../..", target_is_directory=True)


def _install_finder() -> None:
    """Let `import ansible_collections.ai_on_eks.dynamo...` work in a plain pytest."""
    from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder

    _AnsibleCollectionFinder(paths=[str(COLLECTIONS)])._install()


_link_collection()
_install_finder()
sys.path.insert(0, str(ROOT))
