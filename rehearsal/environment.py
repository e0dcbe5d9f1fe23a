# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What a user of the rehearsal sets: W/env for shells, the same as a dict for the playbooks we run ourselves."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from rehearsal.paths import REGION, WorkDir
from rehearsal.toolchain import Toolchain

# Other settings of AWS, Kubernetes and Ansible that would win over ours.
UNSET: tuple[str, ...] = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CA_BUNDLE",
    "ANSIBLE_CONFIG",
)
LOCAL = "127.0.0.1,localhost"
_EXTENDED = {"NO_PROXY", "no_proxy"}


def variables(
    work: WorkDir, toolchain: Toolchain, aws_endpoint: str, charts_url: str, credentials: Mapping[str, str], path: str
) -> dict[str, str]:
    """Return the variables of a rehearsal.

    Args:
        work: the work directory.
        toolchain: the programs.
        aws_endpoint: address of the embedded AWS.
        charts_url: address of the chart repository.
        credentials: `access_key_id` and `secret_access_key` of the installing user.
        path: the PATH to put our programs in front of.
    """
    return {
        "PATH": f"{toolchain.main_python.parent}:{toolchain.bin_dir}:{path}",
        "AWS_ENDPOINT_URL": aws_endpoint,
        "AWS_ACCESS_KEY_ID": credentials["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": credentials["secret_access_key"],
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        # A call that the embedded AWS lacks must fail at once, not after 25 retries.
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_S3_USE_PATH_STYLE": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(work.root / "aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(work.root / "aws-credentials"),
        "TF_CLI_CONFIG_FILE": str(work.terraform_config),
        "TF_PLUGIN_CACHE_DIR": str(toolchain.terraform_plugins),
        "KUBECONFIG": str(work.run / "kubeconfig"),
        "HELM_CACHE_HOME": str(work.run / "helm" / "cache"),
        "HELM_CONFIG_HOME": str(work.run / "helm" / "config"),
        "HELM_DATA_HOME": str(work.run / "helm" / "data"),
        "REHEARSAL_DIR": str(work.root),
        "REHEARSAL_CHARTS": charts_url,
        "NO_PROXY": LOCAL,
        "no_proxy": LOCAL,
    }


def render(values: Mapping[str, str]) -> str:
    """Return shell code that sets the variables (`. .rehearsal/env`)."""
    lines = [f"unset {' '.join(UNSET)}"]
    for name, value in sorted(values.items()):
        if name == "PATH":
            # The reader's own PATH counts, not the one that the supervisor was started with.
            ours = ":".join(value.split(":")[:2])
            lines.append(f'export PATH={shlex.quote(ours)}:"$PATH"')
        elif name in _EXTENDED:
            lines.append(f'export {name}={shlex.quote(value)}"${{{name}:+,${name}}}"')
        else:
            lines.append(f"export {name}={shlex.quote(value)}")
    return "\n".join(lines) + "\n"


def merged(values: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return a whole environment for a process: the user's, without what would interfere, and ours."""
    kept = {name: value for name, value in environ.items() if name not in UNSET}
    extended = {name: f"{LOCAL},{kept[name]}" for name in _EXTENDED if kept.get(name)}
    return {**kept, **values, **extended}


def write(work: WorkDir, values: Mapping[str, str], terraform_config: str) -> None:
    """Write W/env, the AWS files it names (empty: no profile of the user may be seen) and Terraform's configuration."""
    for name in ("aws-config", "aws-credentials"):
        (work.root / name).touch()
    work.terraform_config.write_text(terraform_config)
    work.run.mkdir(parents=True, exist_ok=True)
    _write_private(work.env_file, render(values))


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(text)
