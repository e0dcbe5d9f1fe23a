# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Going on where an interrupted or killed run stopped, and never making a second one of what exists.

What is decided here, before anything is changed:

* A creation whose wait was interrupted is tainted in the state; Terraform would delete and make it again. When AWS has
  it and it is (or becomes) ready, it is taken as it is.
* A creation during which Terraform was killed is not in the state. When AWS has it, with our tags, it is imported.
* A left-over log group is imported: it holds the logs of a cluster of the same name, and nothing depends on it.
* A cluster of the name that nobody interrupted is refused: either the state was lost, or it is somebody else's.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._cluster.aws import Aws, AwsError
from . import existing
from .diagnostics import TerraformError
from .journal import Journal

ADOPTED = {"aws_cloudwatch_log_group"}
REFUSED = {"aws_eks_cluster"}
# These are made in one call: when that failed there was a reason, and making them again costs nothing.
_FAILED_FOR_GOOD = {"aws_cloudwatch_log_group", "aws_iam_role"}


@dataclass(frozen=True)
class Create:
    """A planned creation: address, resource type and the values that are known."""

    address: str
    kind: str
    values: dict[str, t.Any]


@dataclass
class Findings:
    """What is to be done before the plan can be carried out.

    Attributes:
        imports: what exists and belongs into the state: address to the thing.
        unknown: addresses of killed creations that cannot be looked for.
    """

    imports: dict[str, tuple[Create, existing.Thing]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)


def creates_of(plan: t.Mapping[str, t.Any]) -> list[Create]:
    """Return the creations of `terraform show -json PLAN`, replacements left out."""
    found = []
    for resource in plan.get("resource_changes") or []:
        change = resource.get("change") or {}
        if change.get("actions") == ["create"]:
            values = {key: value for key, value in (change.get("after") or {}).items() if value is not None}
            found.append(Create(str(resource.get("address", "")), str(resource.get("type", "")), values))
    return found


def worth_asking(changes: t.Iterable[t.Mapping[str, t.Any]], journal: Journal) -> bool:
    """Tell whether a plan creates anything that might exist already, or replaces what was only interrupted."""
    return any(
        (change["action"] == "replace" and change["address"] in journal.failed)
        or (
            change["action"] == "create"
            and (change["address"] in journal.lost or _kind(change["address"]) in ADOPTED | REFUSED)
        )
        for change in changes
    )


def region_of(plan: t.Mapping[str, t.Any]) -> str:
    """Return the region that the aws provider of the root module is given, an empty string when it is not known."""
    providers = ((plan.get("configuration") or {}).get("provider_config") or {}).values()
    for provider in providers:
        if provider.get("name") != "aws" or provider.get("alias"):
            continue
        region = (provider.get("expressions") or {}).get("region") or {}
        if "constant_value" in region:
            return str(region["constant_value"])
        for reference in region.get("references") or []:
            variable = (plan.get("variables") or {}).get(str(reference).removeprefix("var.")) or {}
            if isinstance(variable.get("value"), str):
                return str(variable["value"])
    return ""


def examine(creates: t.Sequence[Create], journal: Journal, aws: Aws, place: str) -> Findings:
    """Ask AWS for what a plan would create.

    Args:
        creates: the planned creations.
        journal: what the last apply left unfinished.
        aws: clients of the region.
        place: where the state is, for the message.

    Raises:
        TerraformError: a cluster of the name exists and nobody knows of it.
        AwsError: AWS cannot be asked.
    """
    findings = Findings()
    for create in creates:
        lost = create.address in journal.lost
        if not lost and create.kind not in ADOPTED | REFUSED:
            continue
        if create.kind not in existing.kinds():
            findings.unknown.append(create.address)
            continue
        try:
            thing = existing.find(aws, create.kind, create.values)
        except existing.Unknowable:
            if lost:
                findings.unknown.append(create.address)
            continue
        except AwsError as exc:
            if exc.denied:  # Terraform will say it if it needs the permission.
                continue
            raise
        if thing is None:
            continue
        ours = _ours(create, thing)
        if (lost and ours) or create.kind in ADOPTED:
            findings.imports[create.address] = (create, thing)
        elif create.kind in REFUSED:
            raise TerraformError(_refusal(create, thing, ours, place), address=create.address)
    return findings


def interrupted(plan: t.Mapping[str, t.Any], journal: Journal) -> list[Create]:
    """Return what is replaced only because its creation was broken off, of the types that can be asked for.

    A resource that somebody tainted by hand is not among them: its creation came to its end.
    """
    found = []
    for resource in plan.get("resource_changes") or []:
        kind, address = str(resource.get("type", "")), str(resource.get("address", ""))
        tainted = resource.get("action_reason") == "replace_because_tainted"
        if tainted and address in journal.failed and kind in existing.kinds() - _FAILED_FOR_GOOD:
            found.append(Create(address, kind, dict((resource.get("change") or {}).get("before") or {})))
    return found


def _ours(create: Create, thing: existing.Thing) -> bool:
    """Tell whether a thing carries all tags that this plan would give it."""
    wanted = create.values.get("tags_all") or create.values.get("tags") or {}
    return all(thing.tags.get(key) == value for key, value in wanted.items())


def _refusal(create: Create, thing: existing.Thing, ours: bool, place: str) -> str:
    name = create.values.get("name", thing.ident)
    head = f"Failed to apply {create.address}: the cluster {name} exists ({thing.status}), but the state in {place} "
    if ours:
        return (
            f"{head}does not know it, so that state is lost or not the right one. Nothing was made. Give back the "
            "state (work directory or backend), or use the cluster as it is with -e cluster_mode=existing, or remove "
            "what carries its tags; docs/terraform-state.md shows each way, and how to import."
        )
    return (
        f"{head}does not know it and it does not carry this install's tags: it is somebody else's. Nothing was made. "
        "Choose another cluster name, or use it as it is with -e cluster_mode=existing."
    )


def _kind(address: str) -> str:
    """Return the resource type in an address, for example of module.a[0].aws_vpc.this["x"]."""
    parts = address
    while parts.startswith("module."):
        parts = _after_module(parts)
    return parts.split(".")[0]


def _after_module(address: str) -> str:
    """Return what follows the first module of an address; its key may hold dots and brackets."""
    rest = address[len("module.") :]
    name_end = min((rest.find(mark) for mark in ".[" if mark in rest), default=len(rest))
    rest = rest[name_end:]
    if rest.startswith('["'):
        rest = rest[rest.index('"]') + 2 :]
    elif rest.startswith("["):
        rest = rest[rest.index("]") + 1 :]
    return rest.removeprefix(".")
