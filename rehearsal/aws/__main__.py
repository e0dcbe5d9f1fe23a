# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""``python -m rehearsal.aws``: serve the embedded AWS until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from rehearsal.aws import server


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m rehearsal.aws", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--data", type=Path, required=True, help="directory for credentials.json and admin.json")
    parser.add_argument(
        "--installer-policy",
        type=Path,
        required=True,
        help="JSON file: the policy document of the installing user, or an object of names and documents",
    )
    parser.add_argument("--latency", type=Path, help='JSON file of seconds per operation, as {"eks:CreateCluster": 9}')
    parser.add_argument(
        "--no-control-plane",
        action="store_true",
        help="let clusters become ACTIVE and go by themselves, with an endpoint that does not exist",
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    """Serve.

    Returns:
        Exit status: 0 after a signal, 1 when the account could not be made, 2 for wrong arguments.
    """
    options = arguments().parse_args(argv)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING, stream=sys.stderr)
    server.prepare()
    from rehearsal.aws.bootstrap import PolicyFileError, make_account, read_policies, write_private
    from rehearsal.aws.eks_store import STORE
    from rehearsal.aws.gateway import Controls
    from rehearsal.aws.latency import Latencies

    try:
        latencies = Latencies.from_file(options.latency) if options.latency else Latencies()
        credentials = make_account(read_policies(options.installer_policy))
        STORE.automatic = options.no_control_plane
        httpd = server.listen(server.build(Controls(latencies=latencies)), options.port)
    except (PolicyFileError, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for name, content in credentials.items():
        write_private(options.data / name, content)
    write_private(options.data / "server.json", {"url": f"http://127.0.0.1:{httpd.server_port}"})
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    thread = threading.Thread(target=httpd.serve_forever, name="http", daemon=True)
    thread.start()
    sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{httpd.server_port}"}) + "\n")
    sys.stdout.flush()
    stop.wait()
    httpd.shutdown()
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # There is nothing to save, and taking moto's objects apart one by one takes seconds.
    os._exit(status)
