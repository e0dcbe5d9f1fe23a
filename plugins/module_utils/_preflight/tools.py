# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The programs and Python packages that the controller needs."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
import typing as t
from importlib import metadata
from pathlib import Path

from .findings import ERROR, OK, WARNING, Finding

# The AWS CLI of version 1 is a Python program that takes seconds to start on a busy machine.
SECONDS = 30


@dataclasses.dataclass(frozen=True)
class Tool:
    """A program that can be checked.

    Attributes:
        name: how it is called in the option tools.
        title: how it is called in sentences.
        arguments: what makes it say its version.
        pattern: finds the version in what it says.
        minimum: oldest version by its first number ("" for any), for what else it is refused.
        below: first version that is too new; "" for none.
        why: what it is needed for.
        install: what to do without it.
    """

    name: str
    title: str
    arguments: tuple[str, ...]
    pattern: str
    minimum: t.Mapping[str, str]
    why: str
    install: str
    below: str = ""


# awscli 1.24.0 and 2.7.0 are the first whose tokens are of client.authentication.k8s.io/v1beta1, which is read today.
TOOLS: dict[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool(
            "terraform", "Terraform", ("version", "-json"), r'"terraform_version":\s*"([^"]+)"', {"": "1.10.0"},
            "it makes the AWS resources and locks its state in S3",
            "Install Terraform 1.10 or newer, or set eks_infra_binary",
        ),
        Tool(
            "tofu", "OpenTofu", ("version", "-json"), r'"terraform_version":\s*"([^"]+)"', {"": "1.10.0"},
            "it makes the AWS resources and locks its state in S3",
            "Install OpenTofu 1.10 or newer, or set eks_infra_binary",
        ),
        Tool(
            "aws", "The AWS CLI", ("--version",), r"aws-cli/(\S+)", {"1": "1.24.0", "2": "2.7.0"},
            "the kubeconfig asks it for tokens (aws eks get-token)", "Install the AWS CLI 2, or set eks_infra_aws_cli",
        ),
        Tool(
            "helm", "Helm", ("version", "--short"), r"v(\d+\.\d+\.\d+)", {"": "3.10.0"},
            "it installs the charts, through kubernetes.core", "Install Helm 3.10 or newer, but not 4", below="4",
        ),
    )
}  # fmt: skip
# Distribution -> (oldest version, what needs it).
PACKAGES: dict[str, tuple[str, str]] = {
    "boto3": ("1.34.0", "all that asks AWS"),
    "kubernetes": ("24.2.0", "all that asks the cluster"),
    "python-hcl2": ("4.3.0", "reading tfvars files"),
    "PyYAML": ("3.11", "Helm's modules"),
    "jsonschema": ("3.0.0", "checking examples"),
}


@dataclasses.dataclass(frozen=True)
class Seen:
    """A program as it was found: where, and what it said; empty when there is none, or when it said nothing."""

    name: str
    asked_for: str
    path: str = ""
    said: str = ""


def ask(name: str, path: str, environment: t.Mapping[str, str] | None = None) -> Seen:
    """Run a program for its version; never raises."""
    found = shutil.which(path, path=(environment or {}).get("PATH"))
    if not found:
        return Seen(name, path)
    if name == "aws":
        said = _aws_on_disk(found)
        if said:
            return Seen(name, path, found, said)
    quiet = {**(environment or {}), "CHECKPOINT_DISABLE": "1", "AWS_EC2_METADATA_DISABLED": "true"}
    try:
        done = subprocess.run(
            [found, *TOOLS[name].arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=quiet,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Seen(name, path, found, str(error))
    return Seen(name, path, found, done.stdout.decode(errors="replace"))


def _aws_on_disk(program: str) -> str:
    """Return what the AWS CLI would say, from how it is installed; "" when that does not tell.

    It takes a second or two to start, so it is not started for its version. The bundle of version 2 is in a folder
    named for it; version 1 is a Python package beside its script.
    """
    place = Path(program).resolve()
    bundle = re.search(r"/v2/(2\.[0-9.]+)/", str(place))
    if bundle:
        return f"aws-cli/{bundle[1]}"
    packages = [item.name for item in place.parent.parent.glob("lib/python3*/site-packages/awscli-*.dist-info")]
    match = re.match(r"awscli-([0-9][0-9.]*)\.dist-info", packages[0]) if len(packages) == 1 else None
    return f"aws-cli/{match[1]}" if match else ""


def version_in(name: str, said: str) -> str:
    """Return the version in what a program said, "" when there is none."""
    match = re.search(TOOLS[name].pattern, said)
    return match[1] if match else ""


def numbers(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version, for comparing."""
    match = re.match(r"v?(\d+(?:\.\d+)*)", version)
    return tuple(int(part) for part in match[1].split(".")) if match else ()


def check_tool(seen: Seen) -> tuple[dict[str, t.Any], Finding]:
    """Judge a program."""
    tool, version = TOOLS[seen.name], version_in(seen.name, seen.said)
    minimum = tool.minimum.get("") or tool.minimum.get(version.partition(".")[0]) or ""
    if not seen.path:
        finding = Finding(
            "tools", ERROR, f"{tool.title} ({seen.asked_for}) is not on PATH; {tool.why}.", f"{tool.install}."
        )
    elif not version:
        said = json.dumps(seen.said.strip()[-200:])
        finding = Finding("tools", ERROR, f"{seen.path} does not tell its version; it said {said}.", f"{tool.install}.")
    elif minimum and numbers(version) < numbers(minimum):
        finding = Finding(
            "tools", ERROR, f"{tool.title} is {version}, older than {minimum}; {tool.why}.", f"{tool.install}."
        )
    elif tool.below and numbers(version) >= numbers(tool.below):
        finding = Finding(
            "tools", ERROR, f"{tool.title} is {version}; {tool.why}, which does not work with it.", f"{tool.install}."
        )
    else:
        finding = Finding("tools", OK, f"{tool.title} {version} ({seen.path}).")
    row = {"name": seen.name, "path": seen.path, "version": version, "ok": finding.level == OK}
    return row, finding


def installed() -> dict[str, str]:
    """Return the versions of the PACKAGES that this interpreter has."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def check_packages(there: t.Mapping[str, str], python: str) -> list[Finding]:
    """Judge the Python packages, all in one finding or two."""
    missing = [f"{name} (for {why})" for name, (_minimum, why) in PACKAGES.items() if name not in there]
    old = [
        f"{name} {there[name]} (older than {minimum})"
        for name, (minimum, _why) in PACKAGES.items()
        if name in there and numbers(there[name]) < numbers(minimum)
    ]
    findings = []
    if missing:
        names = " ".join(name for name in PACKAGES if name not in there)
        findings.append(
            Finding("packages", ERROR, f"{python} lacks {', '.join(missing)}.", f"Run {python} -m pip install {names}")
        )
    if old:
        findings.append(
            Finding(
                "packages",
                WARNING,
                f"{python} has {', '.join(old)}.",
                f"Upgrade with {python} -m pip install --upgrade.",
            )
        )
    return findings or [Finding("packages", OK, "The Python packages are there.")]
