# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Environments as a kubelet builds them."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from rehearsal.nodes import quantity
from rehearsal.nodes.pods import environment
from rehearsal.nodes.pods.environment import ConfigurationError, Sources, expand, references, resolve

POD: dict[str, Any] = {
    "metadata": {
        "name": "p-0",
        "namespace": "dyn",
        "uid": "u1",
        "labels": {"app.kubernetes.io/name": "x"},
        "annotations": {"a": "1"},
    },
    "spec": {
        "nodeName": "n1",
        "serviceAccountName": "sa",
        "containers": [
            {"name": "main", "resources": {"limits": {"cpu": "1500m", "memory": "2Gi"}}},
            {"name": "side"},
        ],
    },
}


def secret(**data: str) -> dict[str, object]:
    return {"data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}}


SOURCES = Sources(
    POD,
    {"settings": {"data": {"A": "1", "B": "2"}}, "gone": None},
    {"token": secret(HF_TOKEN="t0p"), "gone": None},
    {"cpu": "3920m", "memory": "14000000Ki"},
    "100.64.0.10",
    "10.1.0.5",
)


def env(*entries: dict[str, object], **container: object) -> dict[str, str]:
    return resolve({"name": "main", "env": list(entries), **container}, SOURCES)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("$(A)", "1"),
        ("x-$(A)-$(B)", "x-1-2"),
        ("$(UNKNOWN)", "$(UNKNOWN)"),
        ("$$(A)", "$(A)"),
        ("$A", "$A"),
        ("$(A", "$(A"),
        ("100$", "100$"),
    ],
)
def test_expansion(text: str, result: str) -> None:
    assert expand(text, {"A": "1", "B": "2"}) == result


def test_later_variables_see_earlier_ones_only() -> None:
    values = env({"name": "B", "value": "$(A)"}, {"name": "A", "value": "1"}, {"name": "C", "value": "$(A)"})
    assert values == {"B": "$(A)", "A": "1", "C": "1"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.name", "p-0"),
        ("metadata.namespace", "dyn"),
        ("metadata.uid", "u1"),
        ("metadata.labels['app.kubernetes.io/name']", "x"),
        ("metadata.annotations['missing']", ""),
        ("spec.nodeName", "n1"),
        ("spec.serviceAccountName", "sa"),
        ("status.podIP", "100.64.0.10"),
        ("status.hostIP", "10.1.0.5"),
    ],
)
def test_field_references(path: str, value: str) -> None:
    assert env({"name": "X", "valueFrom": {"fieldRef": {"fieldPath": path}}}) == {"X": value}


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"status\.phase"):
        env({"name": "X", "valueFrom": {"fieldRef": {"fieldPath": "status.phase"}}})


@pytest.mark.parametrize(
    ("ref", "value"),
    [
        ({"resource": "limits.memory"}, "2147483648"),
        ({"resource": "limits.memory", "divisor": "0"}, "2147483648"),
        ({"resource": "limits.memory", "divisor": "1Mi"}, "2048"),
        ({"resource": "limits.cpu"}, "2"),
        ({"resource": "limits.cpu", "divisor": "1m"}, "1500"),
        ({"resource": "requests.cpu"}, "0"),
        ({"resource": "limits.cpu", "containerName": "side", "divisor": "1m"}, "3920"),
    ],
)
def test_resource_references(ref: dict[str, str], value: str) -> None:
    container = {**POD["spec"]["containers"][0], "env": [{"name": "X", "valueFrom": {"resourceFieldRef": ref}}]}
    assert resolve(container, SOURCES) == {"X": value}


def test_keys_of_config_maps_and_secrets() -> None:
    assert env(
        {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "A"}}},
        {"name": "T", "valueFrom": {"secretKeyRef": {"name": "token", "key": "HF_TOKEN"}}},
        {"name": "NO", "valueFrom": {"secretKeyRef": {"name": "gone", "key": "x", "optional": True}}},
    ) == {"A": "1", "T": "t0p"}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"secretKeyRef": {"name": "gone", "key": "x"}}, 'secret "gone" not found'),
        ({"configMapKeyRef": {"name": "gone", "key": "x"}}, 'configmap "gone" not found'),
        ({"secretKeyRef": {"name": "token", "key": "x"}}, "couldn't find key x in Secret token"),
        ({"configMapKeyRef": {"name": "settings", "key": "x"}}, "couldn't find key x in ConfigMap settings"),
    ],
)
def test_what_is_missing_is_named_in_the_kubelets_words(entry: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        env({"name": "X", "valueFrom": entry})


def test_env_from_gives_way_to_env() -> None:
    values = env(
        {"name": "A", "value": "mine"},
        envFrom=[
            {"configMapRef": {"name": "settings"}},
            {"prefix": "P_", "secretRef": {"name": "token"}},
            {"secretRef": {"name": "gone", "optional": True}},
        ],
    )
    assert values == {"A": "mine", "B": "2", "P_HF_TOKEN": "t0p"}


def test_env_from_a_missing_secret_is_refused() -> None:
    with pytest.raises(ConfigurationError, match='secret "gone" not found'):
        env(envFrom=[{"secretRef": {"name": "gone"}}])


def test_references_name_everything_that_has_to_be_fetched() -> None:
    container = {
        "envFrom": [{"secretRef": {"name": "s1"}}, {"configMapRef": {"name": "c1"}}],
        "env": [
            {"name": "A", "valueFrom": {"secretKeyRef": {"name": "s2", "key": "k"}}},
            {"name": "B", "value": "plain"},
        ],
    }
    assert references([container]) == ({"c1"}, {"s1", "s2"})


def test_command_line_is_expanded() -> None:
    container = {"command": ["sh", "-c"], "args": ["serve --port $(PORT)"]}
    assert environment.command_line(container, {"PORT": "8000"}) == (["sh", "-c"], ["serve --port 8000"])


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("500m", 0.5), ("2Gi", 2 * 1024**3), ("1k", 1000), ("1e3", 1000), ("0.5", 0.5), ("3920m", 3.92)],
)
def test_quantities(text: str, value: float) -> None:
    assert float(quantity.parse(text)) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "abc", "1Xi", "Gi", "1 Gi"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a quantity"):
        quantity.parse(text)
