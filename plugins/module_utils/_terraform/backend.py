# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Where the state is kept: completing and checking the configuration of a backend."""

from __future__ import annotations

import typing as t

from .._cluster.aws import Aws, AwsError
from .bucket import Bucket
from .diagnostics import TerraformError

# An S3 state is encrypted and locked by a file beside it, unless somebody says otherwise.
_S3_DEFAULTS = {"encrypt": True, "use_lockfile": True}


def complete(backend: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return {"type", "config"} with what a backend of this type needs, {} for Terraform's own default.

    Raises:
        TerraformError: a value is missing that Terraform would ask for.
    """
    kind, config = str(backend.get("type") or ""), dict(backend.get("config") or {})
    if not kind:
        return {}
    if kind != "s3":
        return {"type": kind, "config": config}
    missing = [name for name in ("bucket", "key", "region") if not config.get(name)]
    if missing:
        raise TerraformError(
            f"Failed to use the S3 backend: its config has no {' and no '.join(missing)}. "
            "Write config: {bucket: NAME, key: CLUSTER/terraform.tfstate, region: REGION}."
        )
    defaults = dict(_S3_DEFAULTS)
    if config.get("dynamodb_table"):
        defaults.pop("use_lockfile")
    return {"type": kind, "config": {**defaults, **config}}


def place_of(backend: t.Mapping[str, t.Any], root: str) -> str:
    """Return where the state is, for a message."""
    config = backend.get("config") or {}
    if backend.get("type") == "s3":
        return f"s3://{config.get('bucket')}/{config.get('key')}"
    return f"the backend {backend['type']}" if backend.get("type") else root


def bucket_of(backend: t.Mapping[str, t.Any], tags: t.Mapping[str, str], aws: t.Callable[[str], Aws]) -> Bucket:
    """Return the bucket of a completed S3 backend.

    Raises:
        TerraformError: AWS does not say who asks.
    """
    config = backend["config"]
    try:
        clients = aws(config["region"])
        return Bucket(
            clients.client("s3"),
            config["bucket"],
            config["region"],
            clients.caller()["account"],
            str(config.get("kms_key_id") or ""),
            tags,
        )
    except AwsError as exc:
        raise TerraformError(str(exc)) from exc
    except ImportError as exc:
        raise TerraformError(
            f"Failed to look at the bucket {config['bucket']}: {exc}. Install boto3 for the Python that runs Ansible."
        ) from exc
