# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""python -m rehearsal.nodes --config agent.json."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from rehearsal.nodes.agent import serve
from rehearsal.nodes.config import load


def main() -> int:
    """Run the node agent of one cluster until it is told to end."""
    parser = argparse.ArgumentParser(prog="python -m rehearsal.nodes", description=main.__doc__)
    parser.add_argument("--config", type=Path, required=True, help="agent.json, as the supervisor writes it")
    parser.add_argument("--log-level", default="INFO", choices=["DEBUG", "INFO", "WARNING", "ERROR"])
    options = parser.parse_args()
    logging.basicConfig(
        level=options.log_level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    try:
        config = load(options.config)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    asyncio.run(serve(config))
    return 0


if __name__ == "__main__":
    sys.exit(main())
