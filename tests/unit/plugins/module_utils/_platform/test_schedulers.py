# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Which scheduler works with which release."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.filter.scheduler_faults import scheduler_faults


def deployment(name: str, image: str) -> dict[str, Any]:
    containers = [{"name": "a", "image": image}]
    return {"metadata": {"name": name}, "spec": {"template": {"spec": {"containers": containers}}}}


@pytest.mark.parametrize(
    ("image", "version", "fault"),
    [
        ("ghcr.io/ai-dynamo/grove-operator:v0.1.0-alpha.14", "1.6.1", ""),
        ("ghcr.io/ai-dynamo/grove-operator:v0.1.0-alpha.12-rc1", "1.4.2", ""),
        ("ghcr.io/ai-dynamo/grove-operator:v0.1.0-alpha.12-rc1", "1.6.1", "0.1.0-alpha.14 or newer; the cluster has"),
        ("ghcr.io/ai-dynamo/grove-operator:v0.1.0-alpha.9", "1.3.1", "alpha.8 or newer and below 0.1.0-alpha.9"),
        ("ghcr.io/ai-dynamo/grove-operator:v0.2.0", "1.6.1", ""),
        # no row is known for releases before 1.0, and no version of a digest
        ("ghcr.io/ai-dynamo/grove-operator:v0.1.0-alpha.3", "0.8.1", ""),
        ("ghcr.io/ai-dynamo/grove-operator:main", "1.6.1", ""),
    ],
)
def test_grove(image: str, version: str, fault: str) -> None:
    found = scheduler_faults([deployment("grove-operator", image)], {"grove": "use"}, version)
    assert fault in " ".join(found)
    assert bool(found) == bool(fault)


def test_kai() -> None:
    there = [deployment("kai-scheduler-default", "ghcr.io/kai-scheduler/scheduler:v0.13.4")]
    assert scheduler_faults(there, {"kai-scheduler": "use"}, "1.4.2") == []
    (fault,) = scheduler_faults(there, {"kai-scheduler": "use"}, "1.5.1")
    assert fault.startswith("Dynamo 1.5.1 works with the KAI scheduler 0.17.0 or newer; the cluster has v0.13.4.")


def test_absent_and_present() -> None:
    (fault,) = scheduler_faults([], {"grove": "use", "lws": "none"}, "1.6.1")
    assert fault.startswith("Grove shall be used, and is not in the cluster.")
    there = [deployment("lws-controller-manager", "registry.k8s.io/lws/lws:v0.6.0")]
    (fault,) = scheduler_faults(there, {"lws": "use"}, "1.6.1")
    assert "LeaderWorkerSet 0.7.0 or newer" in fault
    (fault,) = scheduler_faults([deployment("grove-operator", "x:v0.2.0")], {"grove": "install"}, "1.6.1")
    assert fault == "Grove is in the cluster already (v0.2.0). Set dynamo_platform_grove to use."
    with pytest.raises(AnsibleFilterError, match="newest"):
        scheduler_faults([], {}, "newest")
