# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""The one account of the rehearsal and the way to moto's backends of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

ACCOUNT = "123456789012"
REGION = "us-west-2"
PARTITION = "aws"


def backend(service: str, region: str = REGION) -> Any:
    """Moto's backend of a service.

    Args:
        service: moto's package name, for example ``ec2`` or ``iam``.
        region: region; services without regions (IAM, STS) live in the partition.
    """
    from moto.backends import get_backend

    regions = get_backend(service)[ACCOUNT]
    return regions[region if region in regions or not _is_global(service) else PARTITION]


def _is_global(service: str) -> bool:
    return service in {"iam", "sts", "s3", "route53", "cloudfront", "budgets", "organizations"}


def regions_in_use(service: str) -> list[Any]:
    """The backends of a service in every region that a call has touched so far."""
    from moto.backends import get_backend

    return list(dict(get_backend(service)[ACCOUNT]).values())


def arn(service: str, resource: str, region: str = "", account: str = ACCOUNT) -> str:
    """An ARN in this account."""
    return f"arn:{PARTITION}:{service}:{region}:{account}:{resource}"


def now() -> datetime:
    """The present in UTC, to the second, with its zone (as AWS reports times)."""
    return datetime.now(tz=UTC).replace(microsecond=0)
