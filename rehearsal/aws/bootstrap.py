# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""The account as the rehearsal finds it: two users, node images, parameters. Nothing else."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from rehearsal.aws.account import ACCOUNT, PARTITION, REGION, backend
from rehearsal.aws.ec2_images import publish_images, publish_parameters

INSTALLER = "installer"
ADMIN = "admin"
ADMIN_POLICY = f"arn:{PARTITION}:iam::aws:policy/AdministratorAccess"
#: Limits of IAM: characters of a managed policy without white space, and managed policies of a user.
POLICY_CHARACTERS = 6144
POLICIES_PER_USER = 10


class PolicyFileError(Exception):
    """The installing user's policy file is missing or is no policy."""


def read_policies(path: Path) -> dict[str, dict[str, Any]]:
    """Read the policies of the installing user: one policy document, or an object of names and documents.

    Raises:
        PolicyFileError: The file is missing, is no JSON, or IAM would refuse what it holds.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PolicyFileError(
            f"Failed to read the installer's policy {path}: {error.strerror}. "
            "Give the policy file with --installer-policy."
        ) from error
    except json.JSONDecodeError as error:
        raise PolicyFileError(
            f"Failed to read the installer's policy {path}: no JSON ({error}). Mend the file."
        ) from error
    if not isinstance(content, dict) or not content:
        raise PolicyFileError(f"Failed to read the installer's policy {path}: no JSON object. Write a policy document.")
    policies = {INSTALLER: content} if "Statement" in content else content
    if len(policies) > POLICIES_PER_USER:
        raise PolicyFileError(
            f"Failed to use the installer's policy {path}: {len(policies)} documents, a user can have "
            f"{POLICIES_PER_USER}. Merge some of them."
        )
    for name, document in policies.items():
        _check_document(path, name, document)
    return policies


def _check_document(path: Path, name: str, document: Any) -> None:
    if not isinstance(document, dict) or "Statement" not in document or "Version" not in document:
        raise PolicyFileError(
            f"Failed to use the installer's policy {path}: {name} is no policy document (Version, Statement). Mend it."
        )
    size = len("".join(json.dumps(document, separators=(",", ":")).split()))
    if size > POLICY_CHARACTERS:
        raise PolicyFileError(
            f"Failed to use the installer's policy {path}: {name} has {size} characters, IAM allows "
            f"{POLICY_CHARACTERS}. Split it into several documents."
        )


def make_account(policies: dict[str, dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Make the users and publish the images.

    Returns:
        File name -> credentials, for the installing user and for the rehearsal's own parts.

    Raises:
        PolicyFileError: IAM finds a policy malformed.
    """
    from moto.core.exceptions import ServiceException
    from moto.iam.exceptions import MalformedPolicyDocument

    iam = backend("iam")
    publish_images(backend("ec2", REGION))
    publish_parameters(backend("ssm", REGION), ACCOUNT)
    arns = []
    for name, document in policies.items():
        try:
            policy = iam.create_policy(
                description="What the installing user may do",
                path="/",
                policy_document=json.dumps(document),
                policy_name=name if name.startswith(INSTALLER) else f"{INSTALLER}-{name}",
                tags=[],
            )
        except (MalformedPolicyDocument, ServiceException) as error:
            raise PolicyFileError(
                f"Failed to use the installer's policy {name}: {error}. Mend the document."
            ) from error
        arns.append(policy.arn)
    return {
        "credentials.json": _make_user(iam, INSTALLER, arns),
        "admin.json": _make_user(iam, ADMIN, [ADMIN_POLICY]),
    }


def _make_user(iam: Any, name: str, policy_arns: list[str]) -> dict[str, str]:
    user = iam.create_user(REGION, name, "/", [])
    user = user[0] if isinstance(user, tuple) else user
    for policy_arn in policy_arns:
        iam.attach_user_policy(policy_arn, name)
    key = iam.create_access_key(name)
    return {
        "access_key_id": key.access_key_id,
        "secret_access_key": key.secret_access_key,
        "user_arn": user.arn,
    }


def write_private(path: Path, content: dict[str, str]) -> None:
    """Write a JSON file that only its owner can read, all at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump(content, stream, indent=2)
        stream.write("\n")
    Path(name).replace(path)
