# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The webhook's own certificate authority and server certificate."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from rehearsal.dynamo.kube import Json

_CA_DAYS = 3650
_SERVER_DAYS = 365
_RENEW_BEFORE = timedelta(days=30)


def dns_names(service: str, namespace: str) -> list[str]:
    """Names under which the API server calls the webhook."""
    return [f"{service}.{namespace}.svc", f"{service}.{namespace}.svc.cluster.local", f"{service}.{namespace}", service]


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: str, issuer: str, key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=days))
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def make(service: str, namespace: str, now: datetime | None = None) -> dict[str, bytes]:
    """Make a CA and a server certificate: Secret data with ca.crt, ca.key, tls.crt and tls.key (PEM)."""
    now = now or datetime.now(UTC)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name, names = "dynamo-operator-ca", dns_names(service, namespace)
    ca = (
        _builder(ca_name, ca_name, ca_key.public_key(), now, _CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    server = (
        _builder(names[0], ca_name, key.public_key(), now, _SERVER_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    return {"ca.crt": _pem(ca), "ca.key": _key_pem(ca_key), "tls.crt": _pem(server), "tls.key": _key_pem(key)}


def usable(data: dict[str, bytes], service: str, namespace: str, now: datetime | None = None) -> bool:
    """Tell whether a Secret's certificate is ours to use: right names, signed by its CA, not about to end."""
    now = now or datetime.now(UTC)
    if not {"ca.crt", "tls.crt", "tls.key"} <= data.keys():
        return False
    try:
        ca = x509.load_pem_x509_certificate(data["ca.crt"])
        server = x509.load_pem_x509_certificate(data["tls.crt"])
        names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        server.verify_directly_issued_by(ca)
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    known = set(names.get_values_for_type(x509.DNSName))
    return dns_names(service, namespace)[0] in known and server.not_valid_after_utc - now > _RENEW_BEFORE


def encoded(data: dict[str, bytes]) -> Json:
    """Return Secret data for the API."""
    return {key: base64.b64encode(value).decode() for key, value in data.items()}


def decoded(data: Json) -> dict[str, bytes]:
    """Return Secret data from the API."""
    return {key: base64.b64decode(value) for key, value in data.items()}
