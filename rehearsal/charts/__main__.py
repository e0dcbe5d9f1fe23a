# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""`python -m rehearsal.charts build --out DIR` and `python -m rehearsal.charts serve --dir DIR --port P`."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from pathlib import Path

from rehearsal.charts import repository
from rehearsal.charts.modules import ModuleError
from rehearsal.charts.server import Behaviour, server


def arguments(argv: list[str]) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m rehearsal.charts", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="pack all charts and write index.yaml")
    build.add_argument("--out", type=Path, required=True, help="repository folder")
    build.add_argument("--bin-dir", type=Path, help="folder with helm (not needed: charts are packed without it)")
    serve = commands.add_parser("serve", help="serve a repository folder on 127.0.0.1")
    serve.add_argument("--dir", type=Path, required=True, help="repository folder")
    serve.add_argument("--port", type=int, required=True)
    serve.add_argument("--basic-auth-file", type=Path, help="file with user:password that clients must send")
    serve.add_argument(
        "--fail", type=int, default=0, choices=[0, 401, 403, 404, 429, 500, 503], help="answer this always"
    )
    return parser.parse_args(argv)


def _build(folder: Path) -> None:
    changed = repository.build(folder)
    sys.stdout.write(f"{folder}: {', '.join(changed) or 'up to date'}\n")


def _serve(options: argparse.Namespace) -> None:
    secret = options.basic_auth_file.read_text(encoding="utf-8").strip() if options.basic_auth_file else ""
    running = server(Behaviour(options.dir, secret, options.fail), options.port)

    def stop(*_: object) -> None:
        threading.Thread(target=running.shutdown).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    logging.getLogger("charts").info("serving %s on 127.0.0.1:%d", options.dir, options.port)
    running.serve_forever()


def main(argv: list[str]) -> int:
    """Run one command; returns the exit code."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    options = arguments(argv)
    try:
        if options.command == "build":
            _build(options.out)
        else:
            _serve(options)
    except (ModuleError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
