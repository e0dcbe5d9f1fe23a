# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Certificates that Kubernetes accepts: who, for what, and signed by whom."""

from __future__ import annotations

import stat
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from rehearsal.kube import pki


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def names(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> list[str]:
    return [str(attribute.value) for attribute in certificate.subject.get_attributes_for_oid(oid)]


def test_the_api_server_is_known_by_every_name_it_is_called_by(tmp_path: Path) -> None:
    files = pki.ensure(tmp_path / "pki", "10.100.0.0/16")
    certificate = load(files.cert("apiserver"))
    alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "kubernetes.default.svc" in alternatives.get_values_for_type(x509.DNSName)
    assert [str(ip) for ip in alternatives.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "10.100.0.1"]
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_the_authority_signed_them_all(tmp_path: Path) -> None:
    files = pki.ensure(tmp_path / "pki", "172.20.0.0/16")
    authority = load(files.ca)
    for name in pki.subjects("172.20.0.0/16"):
        load(files.cert(name)).verify_directly_issued_by(authority)
    load(files.cert("front-proxy-client")).verify_directly_issued_by(load(files.cert("front-proxy-ca")))


def test_groups_are_organizations(tmp_path: Path) -> None:
    files = pki.ensure(tmp_path / "pki", "172.20.0.0/16")
    admin = load(files.cert("admin"))
    assert names(admin, NameOID.ORGANIZATION_NAME) == ["system:masters"]
    assert names(load(files.cert("scheduler")), NameOID.COMMON_NAME) == ["system:kube-scheduler"]


def test_keys_are_private_and_kept(tmp_path: Path) -> None:
    files = pki.ensure(tmp_path / "pki", "172.20.0.0/16")
    for name in ("ca", "sa", "admin"):
        assert stat.S_IMODE(files.key(name).stat().st_mode) == 0o600
    before = files.key("ca").read_bytes()
    pki.ensure(tmp_path / "pki", "172.20.0.0/16")
    assert files.key("ca").read_bytes() == before


def test_another_service_range_needs_another_certificate(tmp_path: Path) -> None:
    pki.ensure(tmp_path / "pki", "172.20.0.0/16")
    files = pki.ensure(tmp_path / "pki", "10.100.0.0/16")
    alternatives = load(files.cert("apiserver")).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert "10.100.0.1" in [str(ip) for ip in alternatives.value.get_values_for_type(x509.IPAddress)]
