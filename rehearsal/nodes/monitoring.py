# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Images of the monitoring stack: Prometheus is the real one, what measures Kubernetes and GPUs stands in."""

from __future__ import annotations

from collections.abc import Sequence

from rehearsal.nodes.config import AgentConfig

TOOL = "prometheus"
# Repository (in whatever registry) to the kind of recipe.
IMAGES = {
    "prometheus/prometheus": "prometheus-server",
    "prometheus-operator/prometheus-config-reloader": "config-reloader",
    "kube-state-metrics/kube-state-metrics": "kube-state-metrics",
    "k8s/dcgm-exporter": "dcgm-exporter",
}
PORTS = {"kube-state-metrics": (8080,), "dcgm-exporter": (9400,)}
NEEDS = {"prometheus-server": (TOOL,)}
_LISTEN = "--web.listen-address="


def launch(kind: str, words: Sequence[str], config: AgentConfig) -> tuple[list[str], dict[str, str]]:
    """Return the command and the environment of one of these images."""
    if kind == "prometheus-server":
        listening = [] if any(word.startswith(_LISTEN) for word in words) else [f"{_LISTEN}:9090"]
        # small heap: there are few series, and everything shares one machine
        return [str(config.on_demand(TOOL, "prometheus")), *words, *listening], {"GOGC": "50", "GOMAXPROCS": "1"}
    env = {"PYTHONPATH": str(config.repo), "REHEARSAL_EGRESS": str(config.egress_socket)}
    if kind == "config-reloader":
        return [str(config.main_python), "-m", "rehearsal.prometheus.reloader", *words], env
    # what a kubelet tells an exporter on its node, an administrator may ask the API server
    env["REHEARSAL_KUBECONFIG"] = str(config.kubeconfig)
    return [str(config.main_python), "-m", "rehearsal.prometheus.exporters", kind, *words], env
