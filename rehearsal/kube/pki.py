# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Certificates and keys of one cluster, made once and kept in its directory."""

from __future__ import annotations

import datetime
import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_VALID = datetime.timedelta(days=365)
_CLOCK_SKEW = datetime.timedelta(hours=1)
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Subject:
    """Whom a certificate names: Kubernetes reads the user from CN and the groups from O."""

    common_name: str
    organizations: tuple[str, ...] = ()
    dns: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()
    usages: tuple[x509.ObjectIdentifier, ...] = field(default=(ExtendedKeyUsageOID.CLIENT_AUTH,))


@dataclass(frozen=True)
class Pki:
    """The files of one cluster's public key infrastructure; `<name>.crt` and `<name>.key` for each certificate."""

    directory: Path

    def cert(self, name: str) -> Path:
        """Return the path of a certificate (PEM)."""
        return self.directory / f"{name}.crt"

    def key(self, name: str) -> Path:
        """Return the path of a private key (PEM, mode 0600)."""
        return self.directory / f"{name}.key"

    @property
    def ca(self) -> Path:
        """The cluster's certificate authority, what EKS publishes as certificateAuthority.data."""
        return self.cert("ca")

    @property
    def service_account_public(self) -> Path:
        """The key by which the API server verifies ServiceAccount tokens."""
        return self.directory / "sa.pub"


def first_address(cidr: str) -> str:
    """Return the first usable address of a service range: the ClusterIP of the Service `kubernetes`."""
    return str(ipaddress.ip_network(cidr)[1])


def subjects(service_cidr: str) -> dict[str, Subject]:
    """Return every certificate a cluster needs by file name."""
    server = (ExtendedKeyUsageOID.SERVER_AUTH,)
    names = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")
    return {
        "apiserver": Subject(
            "kube-apiserver",
            dns=(*names, "kubernetes.default.svc.cluster.local"),
            ips=("127.0.0.1", first_address(service_cidr)),
            usages=server,
        ),
        "admin": Subject("kubernetes-admin", ("system:masters",)),
        "controller-manager": Subject("system:kube-controller-manager"),
        "scheduler": Subject("system:kube-scheduler"),
        "kubelet-client": Subject("kube-apiserver-kubelet-client", ("system:masters",)),
        "kubelet": Subject("rehearsal-kubelet", ("system:nodes",), ("localhost",), ("127.0.0.1",), server),
    }


def ensure(directory: Path, service_cidr: str) -> Pki:
    """Make every key and certificate of a cluster, unless the directory already holds a whole set."""
    pki = Pki(directory)
    done = directory / "complete"
    if done.exists() and done.read_text() == service_cidr:
        return pki
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    _make_family(pki, "ca", subjects(service_cidr))
    # The API server speaks for users to extension API servers with this; another authority, so that no client
    # certificate of the cluster can pass for it.
    _make_family(pki, "front-proxy-ca", {"front-proxy-client": Subject("front-proxy-client")})
    signing = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    _write_key(pki.key("sa"), signing)
    public = signing.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _write(pki.service_account_public, public)
    done.write_text(service_cidr)
    return pki


def _make_family(pki: Pki, authority_name: str, members: dict[str, Subject]) -> None:
    """Make an authority and every certificate that it signs."""
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _self_signed("kubernetes" if authority_name == "ca" else authority_name, authority_key)
    _write_key(pki.key(authority_name), authority_key)
    _write(pki.cert(authority_name), authority.public_bytes(serialization.Encoding.PEM))
    for name, subject in members.items():
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _signed(subject, key, authority, authority_key)
        _write_key(pki.key(name), key)
        _write(pki.cert(name), certificate.public_bytes(serialization.Encoding.PEM))


def _builder(subject: x509.Name, issuer: x509.Name, key: PrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + _VALID)
    )


def _self_signed(common_name: str, key: PrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _builder(name, name, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _signed(
    subject: Subject, key: PrivateKey, authority: x509.Certificate, authority_key: PrivateKey
) -> x509.Certificate:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in subject.organizations]
    name = x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, subject.common_name)])
    builder = (
        _builder(name, authority.subject, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage(list(subject.usages)), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
    )
    alternatives: list[x509.GeneralName] = [x509.DNSName(dns) for dns in subject.dns]
    alternatives += [x509.IPAddress(ipaddress.ip_address(address)) for address in subject.ips]
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return builder.sign(authority_key, hashes.SHA256())


def _write_key(path: Path, key: PrivateKey) -> None:
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _write(path, pem, 0o600)


def _write(path: Path, data: bytes, mode: int = 0o644) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as out:
        out.write(data)
