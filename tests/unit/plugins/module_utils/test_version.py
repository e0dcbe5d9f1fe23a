# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Dynamo versions: what is read, how they are ordered, which candidate wins."""

from __future__ import annotations

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils import _version


@pytest.mark.parametrize(
    ("text", "version", "tag"),
    [
        ("0.4.1", "0.4.1", "0.4.1"),
        ("v0.4.1", "0.4.1", "0.4.1"),
        (" 1.6.1\n", "1.6.1", "1.6.1"),
        ("0.9.0-post1", "0.9.0-post1", "0.9.0"),
        ("0.9.0.post1", "0.9.0-post1", "0.9.0"),
        ("1.7.0rc2", "1.7.0-rc2", "1.7.0-rc2"),
        ("v1.7.0-rc2", "1.7.0-rc2", "1.7.0-rc2"),
    ],
)
def test_reads(text: str, version: str, tag: str) -> None:
    parsed = _version.parse(text)
    assert (str(parsed), parsed.tag) == (version, tag)


@pytest.mark.parametrize("text", ["latest", "1.6", "1.6.1.2", "vv1.6.1", "1.6.x", "sha256:abc", "1.6.1-foo"])
def test_refuses_what_is_no_version(text: str) -> None:
    with pytest.raises(_version.VersionError, match="no Dynamo version"):
        _version.parse(text)


def test_orders_as_versions_and_not_as_text() -> None:
    ordered = ["0.4.1", "0.9.0", "0.9.0-post1", "0.10.0-rc1", "0.10.0", "1.0.0-dev1", "1.0.0-rc1", "1.0.0", "1.10.0"]
    assert [str(v) for v in sorted(map(_version.parse, reversed(ordered)))] == ordered
    assert _version.parse("v1.0.0") <= _version.parse("1.0.0")


def test_first_candidate_with_a_value_wins() -> None:
    candidates = [
        {"source": "environment", "value": ""},
        {"source": "extra var", "value": None},
        {"source": "tfvars", "value": "v0.4.1"},
        {"source": "default", "value": "1.6.1"},
    ]
    version, source = _version.resolve(candidates)
    assert (str(version), source) == ("0.4.1", "tfvars")


def test_bad_value_is_not_skipped() -> None:
    candidates = [{"source": "the environment", "value": "newest"}, {"source": "default", "value": "1.6.1"}]
    with pytest.raises(_version.VersionError, match="from the environment: 'newest'"):
        _version.resolve(candidates)


def test_nothing_given_names_the_places() -> None:
    with pytest.raises(_version.VersionError, match="looked at environment, default"):
        _version.resolve([{"source": "environment", "value": ""}, {"source": "default", "value": None}])


def test_candidate_without_source_is_refused() -> None:
    with pytest.raises(_version.VersionError, match="needs 'value' and 'source'"):
        _version.resolve([{"value": "1.6.1"}])
