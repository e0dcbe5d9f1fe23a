# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The removal loop: what it deletes, when it ends, what it says."""

from __future__ import annotations

from typing import Any

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.client import KubeError
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._objects import absent

POOL = absent.Selector("karpenter.sh/v1", "NodePool")
CLAIM = absent.Selector("karpenter.sh/v1", "NodeClaim")


class FakeClock:
    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += max(seconds, 0.01)


class FakeCluster:
    """Objects by kind; a deleted one disappears after `rounds` looks, unless something holds it."""

    def __init__(
        self, objects: dict[str, list[str]], rounds: int = 2, held: tuple[str, ...] = (), silent: int = 0
    ) -> None:
        self.objects = {
            kind: {name: {"metadata": {"name": name, "uid": f"{kind}-{name}"}} for name in names}
            for kind, names in objects.items()
        }
        self.rounds, self.held, self.silent = rounds, held, silent
        self.deletions: list[str] = []
        self.age: dict[str, int] = {}

    def select(self, selector: absent.Selector) -> list[dict[str, Any]]:
        if self.silent:
            self.silent -= 1
            raise KubeError("the API server answers HTTP 503 Service Unavailable", 503)
        found = self.objects.get(selector.kind, {})
        for name in list(found):
            if "deletionTimestamp" in found[name]["metadata"]:
                self.age[name] = self.age.get(name, 0) + 1
                if self.age[name] >= self.rounds and name not in self.held:
                    del found[name]
        return list(found.values())

    def delete(self, selector: absent.Selector, obj: dict[str, Any], propagation: str) -> None:
        self.deletions.append(f"{selector.kind} {obj['metadata']['name']} {propagation}")
        obj["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        if obj["metadata"]["name"] in self.held:
            obj["metadata"]["finalizers"] = ["karpenter.sh/termination"]


def test_deletes_once_and_waits_until_nothing_is_left() -> None:
    cluster = FakeCluster({"NodePool": ["a", "b"]})
    result = absent.remove(cluster, [POOL], timeout=10, clock=FakeClock())
    assert result.deleted == ["NodePool a", "NodePool b"]
    assert result.remaining == []
    assert cluster.deletions == ["NodePool a Background", "NodePool b Background"]


def test_nothing_there_is_no_change() -> None:
    result = absent.remove(FakeCluster({}), [POOL], timeout=10, clock=FakeClock())
    assert (result.deleted, result.remaining, result.seconds) == ([], [], 0.0)


def test_waits_only_when_told_not_to_delete() -> None:
    cluster = FakeCluster({"NodeClaim": ["c"]})
    result = absent.remove(cluster, [CLAIM], timeout=3, delete=False, clock=FakeClock())
    assert cluster.deletions == []
    assert [item["name"] for item in result.remaining] == ["c"]
    assert "no finalizer holds it" in absent.explain(result, "Do this.")


def test_names_the_finalizer_that_holds() -> None:
    result = absent.remove(FakeCluster({"NodePool": ["a", "b"]}, held=("b",)), [POOL], timeout=3, clock=FakeClock())
    assert [item["name"] for item in result.remaining] == ["b"]
    text = absent.explain(result, "Start Karpenter again.")
    assert "NodePool b: held by karpenter.sh/termination" in text
    assert text.endswith("Start Karpenter again.")


def test_a_short_silence_of_the_api_server_is_survived() -> None:
    result = absent.remove(FakeCluster({"NodePool": ["a"]}, silent=3), [POOL], timeout=10, clock=FakeClock())
    assert result.deleted == ["NodePool a"]
    assert result.problem == ""


def test_a_long_silence_is_not_taken_for_success() -> None:
    result = absent.remove(FakeCluster({"NodePool": ["a"]}, silent=10_000), [POOL], timeout=5, clock=FakeClock())
    assert "503" in result.problem
    assert "503" in absent.explain(result, "")
