# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What the policy allows against what was needed."""

from __future__ import annotations

from typing import Any

from rehearsal import permissions

POLICIES = {
    "network": {
        "Statement": [
            {"Sid": "Read", "Effect": "Allow", "Action": ["ec2:DescribeVpcs", "ec2:DescribeHosts"], "Resource": "*"},
            {
                "Sid": "Launch",
                "Effect": "Allow",
                "Action": ["ec2:RunInstances"],
                "Resource": ["arn:aws:ec2:*:*:instance/*"],
            },
            {
                "Sid": "Volumes",
                "Effect": "Allow",
                "Action": ["ec2:RunInstances"],
                "Resource": "arn:aws:ec2:*:*:volume/*",
            },
        ]
    }
}
CALLS: dict[str, Any] = {
    "granted": {
        "arn:aws:iam::123456789012:user/admin": {"ec2:DescribeHosts": ["*"]},
        "arn:aws:iam::123456789012:user/installer": {
            "ec2:DescribeVpcs": ["*"],
            "ec2:RunInstances": ["arn:aws:ec2:us-west-2:123456789012:instance/*"],
        },
    },
    "denials": [
        {
            "principal": "arn:aws:iam::123456789012:user/installer",
            "action": "iam:CreateRole",
            "message": "User: x is not authorized to perform: iam:TagRole on resource: y because of z",
        },
        {"principal": "arn:aws:iam::123456789012:role/karpenter", "action": "ec2:CreateFleet", "message": "no"},
    ],
}


def test_what_nobody_needed_is_named_by_statement() -> None:
    found = permissions.compare(POLICIES, CALLS)
    assert [(one.statement, one.action) for one in found.used] == [
        ("Read", "ec2:DescribeVpcs"),
        ("Launch", "ec2:RunInstances"),
    ]
    assert [(one.statement, one.action) for one in found.unused] == [
        ("Read", "ec2:DescribeHosts"),
        ("Volumes", "ec2:RunInstances"),
    ]


def test_a_denial_names_the_permission_that_was_missing() -> None:
    found = permissions.compare(POLICIES, CALLS)
    assert [one.action for one in found.denied] == ["iam:TagRole"]
    page = permissions.page(found)
    assert "4 permissions; 2 of them were used" in page
    assert "iam:TagRole: User: x" in page
