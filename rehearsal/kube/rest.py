# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A few calls to a Kubernetes API server with a client certificate; the full client takes a second to import."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from rehearsal import localhttp


@dataclass(frozen=True)
class Rest:
    """The address of an API server and who asks."""

    server: str
    ca: Path
    certificate: Path
    key: Path
    timeout: float = 5.0

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, str]:
        """Make one request; return HTTP status and body text.

        Raises:
            OSError: when the server cannot be reached.
        """
        context = ssl.create_default_context(cafile=str(self.ca))
        context.load_cert_chain(self.certificate, self.key)
        return localhttp.request(method, self.server + path, body, timeout=self.timeout, context=context)

    def succeeds(self, path: str) -> bool:
        """Tell whether a GET of this path answers 200 now."""
        try:
            return self.call("GET", path)[0] == HTTPStatus.OK
        except OSError:
            return False

    def ensure(self, collection: str, manifest: dict[str, Any]) -> None:
        """Create an object, or leave the one of that name as it is.

        Raises:
            RuntimeError: when the server refuses it.
        """
        status, text = self.call("POST", collection, manifest)
        if status not in (HTTPStatus.CREATED, HTTPStatus.OK, HTTPStatus.CONFLICT):
            name = manifest["metadata"]["name"]
            raise RuntimeError(f"Failed to create {manifest['kind']} {name}: HTTP {status} {text[:300]}")
