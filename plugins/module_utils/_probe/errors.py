# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What goes wrong below and in HTTP, in one line each, and whether trying again can help. Pure."""

from __future__ import annotations

import socket
import ssl

# One and the same from Python 3.10 on.
TIMEOUTS = (TimeoutError, socket.timeout)


class ProbeError(Exception):
    """A request that got no usable answer. `retry` tells whether trying again can help."""

    def __init__(self, message: str, *, retry: bool = False) -> None:
        super().__init__(message)
        self.retry = retry


class ClosedError(Exception):
    """The peer closed the connection; `began` tells whether a part of an answer had come."""

    def __init__(self, message: str, *, began: bool) -> None:
        super().__init__(message)
        self.began = began


def connection_error(name: str, error: BaseException) -> ProbeError:
    """Say in one line what went wrong below HTTP, and whether it can pass."""
    if isinstance(error, ssl.SSLCertVerificationError):
        cause = f"its certificate is not trusted: {error.verify_message}. Set ca_path, or validate_certs=false."
        return ProbeError(f"cannot connect to {name}: {cause}")
    if isinstance(error, ssl.SSLError):
        return ProbeError(f"cannot connect to {name}: TLS failed: {tls_cause(error)}")
    if isinstance(error, socket.gaierror):
        return ProbeError(f"cannot connect to {name}: its name does not resolve: {error.strerror}", retry=True)
    if isinstance(error, ClosedError):
        how = "in the middle of an answer" if error.began else "without an answer"
        return ProbeError(f"{name} closed the connection {how}{error}", retry=True)
    if isinstance(error, TIMEOUTS):
        return ProbeError(f"cannot connect to {name}: no answer to the connection attempt", retry=True)
    permanent = getattr(error, "permanent", None)
    if permanent is not None:
        # A ForwardError says itself what it could not reach, and why.
        return ProbeError(str(error), retry=not permanent)
    text = (error.strerror if isinstance(error, OSError) else "") or str(error)
    return ProbeError(f"cannot connect to {name}: {text}", retry=True)


def tls_cause(error: ssl.SSLError) -> str:
    """OpenSSL's word for a failed handshake, with the usual cause of the two that people meet."""
    reason = str(getattr(error, "reason", None) or error)
    if "CERTIFICATE_REQUIRED" in reason or "HANDSHAKE_FAILURE" in reason or "BAD_CERTIFICATE" in reason:
        return f"{reason}. Does the server want a certificate of the client? Set client_cert."
    return f"{reason}. Is it http, not https?"
