# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""Whose access key it is, and which policies that principal has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rehearsal.aws.account import ACCOUNT, backend
from rehearsal.aws.errors import AwsError
from rehearsal.aws.wire import Call


@dataclass(frozen=True)
class Principal:
    """The principal behind an access key.

    Attributes:
        arn: as STS reports it (``…:assumed-role/<role>/<session>`` for a session).
        principal_arn: ARN of the user or of the role itself.
        secret_access_key: what signs its requests.
        session_token: token that must come with the key; empty for a user's key.
        tags: tags of the principal (``aws:PrincipalTag``).
    """

    arn: str
    principal_arn: str
    secret_access_key: str
    session_token: str = ""
    expiration: datetime | None = None
    session_policy: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_role(self) -> bool:
        return ":role/" in self.principal_arn

    @property
    def name(self) -> str:
        return self.principal_arn.rpartition("/")[2]


def find_principal(access_key_id: str) -> Principal | None:
    """The principal of an access key, or None when the key does not exist (or is switched off)."""
    for session in backend("sts").assumed_roles:
        if session.access_key_id == access_key_id:
            return Principal(
                arn=session.arn,
                principal_arn=session.role_arn,
                secret_access_key=session.secret_access_key,
                session_token=session.session_token,
                expiration=session.expiration.replace(tzinfo=UTC),
                session_policy=session.policy or "",
            )
    iam = backend("iam")
    for user in iam.users.values():
        for key in user.access_keys:
            if key.access_key_id == access_key_id and key.status == "Active":
                return Principal(user.arn, user.arn, key.secret_access_key, tags=_user_tags(iam, user.arn))
    return None


def _user_tags(iam: Any, arn: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in iam.tagger.list_tags_for_resource(arn).get("Tags", [])}


def authenticate(call: Call) -> Principal:
    """The principal that signed a call.

    Raises:
        AwsError: Unknown key, wrong or missing session token, expired session.
    """
    principal = find_principal(call.credential.access_key_id)
    token = call.headers.get("x-amz-security-token", "")
    if call.credential.in_query:
        token = token or _query_token(call)
    if principal is None or principal.session_token != token:
        raise _unknown_key(call)
    if principal.expiration is not None and principal.expiration < datetime.now(tz=UTC):
        code = "ExpiredToken" if call.protocol in {"query", "rest-xml"} else "ExpiredTokenException"
        raise AwsError(
            "RequestExpired" if call.service == "ec2" else code,
            "The security token included in the request is expired",
            403,
        )
    return principal


def _query_token(call: Call) -> str:
    from urllib.parse import parse_qs

    return parse_qs(call.query).get("X-Amz-Security-Token", [""])[0]


def _unknown_key(call: Call) -> AwsError:
    if call.service == "ec2":
        return AwsError("AuthFailure", "AWS was not able to validate the provided access credentials", 401)
    if call.service == "s3":
        return AwsError("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403)
    code = "InvalidClientTokenId" if call.protocol == "query" else "UnrecognizedClientException"
    return AwsError(code, "The security token included in the request is invalid.", 403)


def signature_error(call: Call) -> AwsError:
    """The answer to a signature that does not match."""
    if call.service == "ec2":
        return AwsError("AuthFailure", "AWS was not able to validate the provided access credentials", 401)
    code = "SignatureDoesNotMatch" if call.protocol in {"query", "rest-xml"} else "InvalidSignatureException"
    return AwsError(
        code,
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and signing method. Consult the service documentation for details.",
        403,
    )


def policies_of(principal: Principal) -> list[dict[str, Any]]:
    """The identity-based policies of a principal: inline, attached, and those of a user's groups."""
    iam = backend("iam")
    if principal.is_role:
        role = iam.roles.get(_id_of_role(iam, principal.name))
        return _documents(role) if role is not None else []
    user = iam.users.get(principal.name)
    if user is None:
        return []
    documents = _documents(user)
    for group in iam.get_groups_for_user(user.name):
        documents += _documents(group)
    return documents


def boundary_of(principal: Principal) -> dict[str, Any] | None:
    """The permissions boundary of a principal, if it has one."""
    iam = backend("iam")
    holder = iam.roles.get(_id_of_role(iam, principal.name)) if principal.is_role else iam.users.get(principal.name)
    arn = getattr(holder, "permissions_boundary_arn", None) or getattr(holder, "permissions_boundary", None)
    if isinstance(arn, Mapping):
        arn = arn.get("PermissionsBoundaryArn")
    if not arn:
        return None
    return _document_of(iam.get_policy(arn))


def trust_policy(role_arn: str) -> dict[str, Any] | None:
    """The trust policy of a role, or None when there is no such role."""
    role = find_role(role_arn)
    return None if role is None else _as_document(role.assume_role_policy_document)


def find_role(role_arn: str) -> Any:
    """Moto's role object of an ARN, or None."""
    return next((role for role in backend("iam").roles.values() if role.arn == role_arn), None)


def _id_of_role(iam: Any, name: str) -> str:
    return next((key for key, role in iam.roles.items() if role.name == name), "")


def _documents(holder: Any) -> list[dict[str, Any]]:
    inline = holder.policies if isinstance(getattr(holder, "policies", None), Mapping) else {}
    documents = [_as_document(document) for document in inline.values()]
    documents += [_document_of(policy) for policy in holder.managed_policies.values()]
    return documents


def _document_of(policy: Any) -> dict[str, Any]:
    version = next(version for version in policy.versions if version.is_default)
    return _as_document(version.document)


def _as_document(document: Any) -> dict[str, Any]:
    loaded = json.loads(document) if isinstance(document, str) else document
    return dict(loaded)


def account_root() -> str:
    """ARN by which a trust policy names the whole account."""
    return f"arn:aws:iam::{ACCOUNT}:root"
