# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Why a chart cannot be had: from Helm's own words to what to do next."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._charts.chart import Chart
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._charts.faults import Fault, classify, explain

CLASSIC = Chart("dynamo-platform", "dynamo-platform", "1.6.1", "https://helm.example/charts", key_setting="ngc_key")
OCI = Chart("karpenter", "oci://public.ecr.aws/karpenter/karpenter", "1.15.9", version_setting="karpenter_gpu_version")
PREFIX = 'Error: looks like "https://h/403" is not a valid chart repository or cannot be reached: '


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        (f"{PREFIX}failed to fetch https://h/403/index.yaml : 401 Unauthorized", "key"),
        (f"{PREFIX}failed to fetch https://h/401/index.yaml : 403 Forbidden", "forbidden"),
        (f"{PREFIX}failed to fetch https://h/401/index.yaml : 404 Not Found", "no_repository"),
        (f"{PREFIX}no API version specified", "no_repository"),
        (f"{PREFIX}failed to fetch https://h/401/index.yaml : 503 Service Unavailable", "busy"),
        (f"{PREFIX}failed to fetch https://h/401/index.yaml : 429 Too Many Requests", "busy"),
        (f'{PREFIX}Get "https://h/index.yaml": dial tcp 127.0.0.1:403: connect: connection refused', "down"),
        (f'{PREFIX}Get "https://h/index.yaml": dial tcp: lookup h on 10.0.0.2:53: no such host', "down"),
        (f'{PREFIX}Get "https://h/i": tls: failed to verify certificate: x509: unknown authority', "tls"),
        ('Error: GET "https://h/v2/401/k/manifests/1.0.0": response status code 403: Forbidden', "forbidden"),
        ('Error: GET "https://h/v2/403/k/manifests/1.0.0": response status code 401: Unauthorized', "key"),
        ('Error: GET "https://h/v2/k/manifests/1": response status code 403: denied: token has expired', "forbidden"),
        ("Error: unexpected status from HEAD request to https://h/v2/k/manifests/1: 401 Unauthorized", "key"),
        ('Error: failed to perform "FetchReference" on source: h/k:1.0.0: not found', "no_version"),
        ('Error: chart "k" version "1.0.0" not found in https://h repository', "no_version"),
        ("Error: something new", "other"),
        ("", "other"),
    ],
)
def test_each_fault_is_told_apart(output: str, kind: str) -> None:
    assert classify(output).kind == kind


def test_the_cause_is_one_line_without_what_helm_puts_before_it() -> None:
    fault = classify(f"WARNING: old\n{PREFIX}failed to fetch https://h/index.yaml : 503 Service Unavailable\n")
    assert fault.said == "failed to fetch https://h/index.yaml : 503 Service Unavailable"


def test_a_missing_key_and_a_wrong_key_are_told_apart() -> None:
    fault = Fault("key", "")
    without = explain(CLASSIC, fault)
    assert without == (
        "Failed to read the chart dynamo-platform 1.6.1 from https://helm.example/charts: "
        "it gives nothing without a key (401 Unauthorized). "
        "Set ngc_key, or name a place that needs no key in dynamo_chart_repositories."
    )
    wrong = explain(dataclasses.replace(CLASSIC, password="s3cret"), fault)
    assert "does not know the key that was given" in wrong
    assert "it comes from ngc_key" in wrong
    assert "s3cret" not in wrong


def test_a_good_key_without_access_is_told_apart_too() -> None:
    said = explain(dataclasses.replace(CLASSIC, password="s3cret"), Fault("forbidden", ""))
    assert "the key is good, but may not read this chart (403 Forbidden)" in said
    assert "in ngc_key." in said


def test_an_old_login_to_a_registry_is_thought_of() -> None:
    assert "helm registry logout public.ecr.aws" in explain(OCI, Fault("forbidden", ""))


def test_the_nearest_versions_are_named_and_the_variable_to_set() -> None:
    said = explain(OCI, Fault("no_version", ""), ["1.14.1", "1.15.0"])
    assert said.endswith("there is no such version; nearest: 1.14.1, 1.15.0. Set karpenter_gpu_version to one of them.")


def test_no_version_at_all_means_that_the_name_is_wrong() -> None:
    assert "there is no chart of this name" in explain(OCI, Fault("no_version", ""))


def test_a_chart_never_shows_its_key() -> None:
    assert "s3cret" not in repr(dataclasses.replace(CLASSIC, password="s3cret"))


@pytest.mark.parametrize("installed", ["karpenter-1.15.9", "karpenter-v1.15.9"])
def test_an_installed_chart_is_recognised_with_and_without_v(installed: str) -> None:
    assert OCI.is_one_of([installed])
    assert dataclasses.replace(OCI, version="v1.15.9").is_one_of([installed])
    assert not dataclasses.replace(OCI, version="1.15.0").is_one_of([installed])
