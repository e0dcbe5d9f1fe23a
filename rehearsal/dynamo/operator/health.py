# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""/healthz, /readyz and /metrics."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Page = Callable[[], tuple[int, str]]


def metrics_text(reconciles: dict[tuple[str, str], int], depth: int, leading: bool, started: float) -> str:
    """Metrics in the Prometheus text format, named as controller-runtime names them."""
    lines = [
        "# HELP controller_runtime_reconcile_total Total number of reconciliations per controller",
        "# TYPE controller_runtime_reconcile_total counter",
        *(
            f'controller_runtime_reconcile_total{{controller="{kind.lower()}",result="{result}"}} {count}'
            for (kind, result), count in sorted(reconciles.items())
        ),
        "# HELP workqueue_depth Current depth of workqueue",
        "# TYPE workqueue_depth gauge",
        f"workqueue_depth {depth}",
        "# HELP leader_election_master_status Whether this process leads",
        "# TYPE leader_election_master_status gauge",
        f"leader_election_master_status {int(leading)}",
        "# HELP process_resident_memory_max_bytes Largest resident set size so far",
        "# TYPE process_resident_memory_max_bytes gauge",
        f"process_resident_memory_max_bytes {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}",
        "# HELP process_uptime_seconds Seconds since the start",
        "# TYPE process_uptime_seconds gauge",
        f"process_uptime_seconds {time.monotonic() - started:.3f}",
    ]
    return "\n".join(lines) + "\n"


def server(port: int, pages: dict[str, Page], address: str = "127.0.0.1") -> ThreadingHTTPServer:
    """Return an HTTP server for the given pages, bound and not yet serving."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            page = pages.get(self.path.partition("?")[0])
            code, text = page() if page else (404, "404 page not found\n")
            data = text.encode()
            self.send_response(code)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Probes come every second; they are not worth a line."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    return Server((address, port), Handler)
