# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""Descriptions of security group rules that name another group: moto keeps them, and answers without them."""

from __future__ import annotations

from moto.ec2.models.security_groups import SecurityGroupRule


def description(rule: SecurityGroupRule) -> str | None:
    """The description of a rule, wherever its source is kept."""
    found = rule.ip_range.get("Description") or rule.source_group.get("Description")
    return str(found) if found else None


SecurityGroupRule.description = property(description)
