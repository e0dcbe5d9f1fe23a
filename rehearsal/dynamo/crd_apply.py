# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Apply the custom resource definitions: what the operator image's init container does.

`python -m rehearsal.dynamo.crd_apply --crds-dir DIR --version V --conversion-webhook-service-name S
--conversion-webhook-service-namespace N`. The directory is the image's; the definitions applied are this package's.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from pathlib import Path

from rehearsal.dynamo import crds
from rehearsal.dynamo.kube import Client, Json, KubeError, load_kubeconfig
from rehearsal.dynamo.operator.consts import DEFINITION

LOG = logging.getLogger("crd-apply")
_VERSION_ANNOTATION = "nvidia.com/dynamo-operator-version"
_TIMEOUT = 60.0


def arguments(argv: list[str]) -> argparse.Namespace:
    """Parse what the chart passes."""
    parser = argparse.ArgumentParser(prog="crd-apply", description=__doc__)
    parser.add_argument("--crds-dir", default="", help="directory in the image (not read here)")
    parser.add_argument("--version", required=True, help="operator version, noted on the definitions")
    parser.add_argument("--conversion-webhook-service-name", required=True)
    parser.add_argument("--conversion-webhook-service-namespace", required=True)
    return parser.parse_args(argv)


def established(definition: Json) -> bool:
    """Tell whether the API server serves a definition."""
    conditions = (definition.get("status") or {}).get("conditions") or []
    return any(item["type"] == "Established" and item["status"] == "True" for item in conditions)


def apply(client: Client, definitions: list[Json], version: str, timeout: float = _TIMEOUT) -> None:
    """Apply definitions on the server side and wait until all are served.

    Raises:
        KubeError: the API server refused one.
        TimeoutError: one is not served after `timeout` seconds.
    """
    for definition in definitions:
        definition["metadata"].setdefault("annotations", {})[_VERSION_ANNOTATION] = version
        client.apply(DEFINITION, definition)
        LOG.info("applied %s", definition["metadata"]["name"])
    deadline = time.monotonic() + timeout
    waiting = [definition["metadata"]["name"] for definition in definitions]
    while waiting:
        waiting = [name for name in waiting if not established(client.get(DEFINITION, None, name) or {})]
        if waiting and time.monotonic() > deadline:
            raise TimeoutError(f"Failed to apply definitions: {', '.join(waiting)} not served after {timeout:.0f} s.")
        if waiting:
            time.sleep(0.1)


def main(argv: list[str]) -> int:
    """Apply; returns the exit code."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    options = arguments(argv)
    definitions = crds.load(options.conversion_webhook_service_name, options.conversion_webhook_service_namespace)
    try:
        client = Client(load_kubeconfig(Path(os.environ["KUBECONFIG"])), "dynamo-crd-apply")
        apply(client, definitions, options.version)
    except KeyError:
        LOG.error("Failed to reach the API server: KUBECONFIG is not set.")
        return 1
    except (KubeError, TimeoutError, OSError) as error:
        LOG.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
