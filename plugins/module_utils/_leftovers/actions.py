# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The IAM actions behind the calls of boto3's clients."""

from __future__ import annotations

_PREFIXES = {
    "efs": "elasticfilesystem",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "amp": "aps",
    "resourcegroupstaggingapi": "tag",
}
# Operations whose permissions have other names.
_SPECIAL = {
    "s3:ListBuckets": ("s3:ListAllMyBuckets",),
    "s3:ListObjectVersions": ("s3:ListBucketVersions",),
    "s3:ListMultipartUploads": ("s3:ListBucketMultipartUploads",),
    "s3:DeleteObjects": ("s3:DeleteObject", "s3:DeleteObjectVersion"),
}


def actions_of(service: str, operation: str) -> tuple[str, ...]:
    """Return the IAM actions of an operation (``list_buckets`` or ``ListBuckets``) of a boto3 client."""
    camel = operation if "_" not in operation else "".join(part.capitalize() for part in operation.split("_"))
    name = camel[:1].upper() + camel[1:]
    found = f"{_PREFIXES.get(service, service)}:{name.replace('OpenId', 'OpenID')}"
    return _SPECIAL.get(found, (found,))


def action(service: str, operation: str) -> str:
    """Return the first IAM action of an operation."""
    return actions_of(service, operation)[0]
