# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""EC2's filters over plain dicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.aws.errors import AwsError
from rehearsal.aws.policy import like


def matching(
    items: Sequence[dict[str, Any]], filters: Sequence[Mapping[str, Any]] | None, fields: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The items that every filter lets through.

    Args:
        items: as the API shows them; tags in ``Tags``.
        filters: ``[{"Name": …, "Values": […]}]``; values may have wildcards.
        fields: filter name -> member of an item.

    Raises:
        AwsError: A filter that the operation does not have.
    """
    found = list(items)
    for entry in filters or []:
        name, values = str(entry["Name"]), [str(value) for value in entry.get("Values", [])]
        found = [
            item for item in found if any(like(value, have) for value in values for have in _have(item, name, fields))
        ]
    return found


def _have(item: dict[str, Any], name: str, fields: Mapping[str, str]) -> list[str]:
    tags = {tag["Key"]: tag["Value"] for tag in item.get("Tags", [])}
    if name.startswith("tag:"):
        key = name.removeprefix("tag:")
        return [tags[key]] if key in tags else []
    if name == "tag-key":
        return list(tags)
    if name not in fields:
        raise AwsError("InvalidParameterValue", f"The filter '{name}' is invalid")
    value = item.get(fields[name])
    return [] if value is None else [str(value).lower() if isinstance(value, bool) else str(value)]
