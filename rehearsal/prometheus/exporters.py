# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Stand-ins for exporters: `python -m rehearsal.prometheus.exporters kube-state-metrics|dcgm-exporter [arguments]`."""

from __future__ import annotations

import http.server
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from rehearsal.dynamo.kube import Client, KubeError, Resource, load_kubeconfig
from rehearsal.prometheus import series

LOG = logging.getLogger("exporter")
PODS = Resource("", "v1", "pods", "Pod")
NODES = Resource("", "v1", "nodes", "Node", namespaced=False)
DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment")
_ALLOWLIST = "--metric-labels-allowlist="
_PORTS = {"kube-state-metrics": "8080", "dcgm-exporter": "9400"}


def kube_state(client: Client, words: list[str]) -> str:
    """What kube-state-metrics tells."""
    names = series.allowed(next((word[len(_ALLOWLIST) :] for word in words if word.startswith(_ALLOWLIST)), ""))
    samples = [
        *(sample for pod in client.list(PODS)["items"] for sample in series.of_pod(pod, names.get("pods", []))),
        *(sample for node in client.list(NODES)["items"] for sample in series.of_node(node, names.get("nodes", []))),
        *(sample for item in client.list(DEPLOYMENTS)["items"] for sample in series.of_deployment(item)),
    ]
    return series.exposition(samples)


def gpus(client: Client, node_name: str) -> str:
    """What the DCGM exporter on a node tells."""
    node = client.get(NODES, None, node_name)
    pods = client.request("GET", PODS.path(), query={"fieldSelector": f"spec.nodeName={node_name}"})["items"]
    return series.exposition(series.of_gpus(node, pods, os.environ.get("HOSTNAME", ""))) if node else "\n"


def handler(text: Callable[[], str]) -> type[http.server.BaseHTTPRequestHandler]:
    """Return a handler that answers /metrics."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            try:
                code, body = 200, text().encode()
            except KubeError as error:
                LOG.warning("%s", error)
                code, body = 503, str(error).encode()
            self.send_response(code)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """A scrape is no news."""

    return Handler


def main(argv: list[str]) -> int:
    """Serve until terminated; returns the exit code."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    kind, words = argv[0], argv[1:]
    port = json.loads(os.environ["REHEARSAL_PORTS"])[_PORTS[kind]]
    # kube-state-metrics asks with its own account, so that the chart's rights are what counts
    own = os.environ.get("KUBECONFIG") if kind == "kube-state-metrics" else os.environ["REHEARSAL_KUBECONFIG"]
    client = Client(load_kubeconfig(Path(str(own))), kind)
    node = os.environ.get("NODE_NAME", "")

    def text() -> str:
        return kube_state(client, words) if kind == "kube-state-metrics" else gpus(client, node)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler(text))
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
