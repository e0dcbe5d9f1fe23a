# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The kinds of resources that a cluster can leave behind, in the order in which they are reported."""

from __future__ import annotations

import typing as t

from .actions import actions_of
from .kind import Kind
from .kinds_compute import COMPUTE
from .kinds_network import NETWORK
from .kinds_others import OTHERS
from .kinds_storage import STORAGE
from .steps import OPERATIONS

KINDS: tuple[Kind, ...] = (*COMPUTE, *NETWORK, *STORAGE, *OTHERS)
BY_NAME: dict[str, Kind] = {kind.name: kind for kind in KINDS}

# Short names of what can be kept. The mount targets of a file system hold no data, and a VPC does not go with them.
GROUPS: dict[str, tuple[str, ...]] = {
    "efs": ("efs_file_system", "efs_access_point", "recovery_point"),
    "fsx": ("fsx_file_system",),
    "buckets": ("s3_bucket", "s3files_file_system", "s3files_access_point"),
    "logs": ("log_group",),
    "volumes": ("ebs_volume",),
    "snapshots": ("ebs_snapshot", "fast_snapshot_restore", "ami"),
    "images": ("ecr_repository", "ecr_pull_through_rule", "ecr_creation_template"),
    "secrets": ("secret",),
    "keys": ("kms_key", "kms_alias"),
}


def expand(names: t.Iterable[str]) -> set[str]:
    """Return kinds of a list of kinds and groups.

    Raises:
        ValueError: a name is neither.
    """
    found: set[str] = set()
    for name in names:
        if name not in BY_NAME and name not in GROUPS:
            raise ValueError(name)
        found.update(GROUPS.get(name, (name,)))
    return found


def with_needed(kinds: t.Iterable[Kind]) -> list[Kind]:
    """Return kinds with those that say whose they are, each after what it needs."""
    found: dict[str, Kind] = {}

    def add(kind: Kind) -> None:
        for name in sorted(kind.needs()):
            if name not in found:
                add(BY_NAME[name])
        found[kind.name] = kind

    for kind in kinds:
        if kind.name not in found:
            add(kind)
    return list(found.values())


def actions() -> list[str]:
    """Return the IAM actions of a complete scan, for a policy document."""
    found = set(actions_of("resourcegroupstaggingapi", "get_resources"))
    for kind in KINDS:
        operations = [kind.operation, *(call.operation for call in (kind.tagging, kind.detail) if call)]
        for operation in operations:
            found.update(actions_of(kind.client, operation))
    return sorted(found)


def removal_actions() -> list[str]:
    """Return the IAM actions that removing everything needs beside those of the scan."""
    found: set[str] = set()
    for kind in KINDS:
        if kind.removal:
            operations = [kind.removal.operation]
            operations += [operation for step in kind.removal.steps for operation in OPERATIONS[step]]
            for operation in operations:
                found.update(actions_of(kind.client, operation))
    return sorted(found - set(actions()))
