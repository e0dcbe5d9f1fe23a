# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""kwok as a child process: the kubelets' API, leases, and the pods that have no process of their own."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import logging
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from rehearsal import ports
from rehearsal.nodes.config import AgentConfig
from rehearsal.nodes.kube import Json, Kube, object_path
from rehearsal.nodes.pods.process import base_environment
from rehearsal.nodes.reaper import Reaper

log = logging.getLogger(__name__)
_MANIFESTS = Path(__file__).parent / "manifests"
_CRDS = "apis/apiextensions.k8s.io/v1"
_SECONDS_TO_SERVE = 30.0
_RESTART_SECONDS = 1.0
_MANAGER = "node-agent"


def serving_certificate(directory: Path, pki_dir: Path) -> tuple[Path, Path]:
    """Write a kubelet's serving certificate, signed by the cluster's CA when its key is there, else by itself.

    API servers do not verify kubelets unless told to, so either will do; a signed one also passes when they are.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "system:nodes"),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, "system:node:rehearsal"),
        ]
    )
    signer: ec.EllipticCurvePrivateKey = key
    issuer = name
    ca_cert, ca_key = pki_dir / "ca.crt", pki_dir / "ca.key"
    if ca_cert.exists() and ca_key.exists():
        loaded = serialization.load_pem_private_key(ca_key.read_bytes(), password=None)
        signer = loaded  # type: ignore[assignment]
        issuer = x509.load_pem_x509_certificate(ca_cert.read_bytes()).subject
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=365))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(signer, hashes.SHA256())
    )
    directory.mkdir(parents=True, exist_ok=True)
    cert_file, key_file = directory / "kubelet.crt", directory / "kubelet.key"
    cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.touch(mode=0o600)
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert_file, key_file


def command(config: AgentConfig, port: int, certificate: Path, key: Path) -> list[str]:
    """Return kwok's command line."""
    return [
        str(config.bin_dir / "kwok"),
        f"--kubeconfig={config.kubeconfig}",
        f"--config={_MANIFESTS / 'kwok_stages.yaml'}",
        "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
        "--node-ip=127.0.0.1",
        f"--node-port={port}",
        f"--server-address=127.0.0.1:{port}",
        f"--tls-cert-file={certificate}",
        f"--tls-private-key-file={key}",
        "--node-lease-duration-seconds=40",
        "--enable-crds=PortForward,Logs",
        "--v=WARN",
    ]


class Kwok:
    """kwok, started again when it ends."""

    def __init__(self, config: AgentConfig, kube: Kube, reaper: Reaper) -> None:
        """Choose its port."""
        self._config = config
        self._kube = kube
        self._reaper = reaper
        self.port = ports.choose()
        self._process: asyncio.subprocess.Process | None = None

    async def install(self) -> None:
        """Apply kwok's resource definitions and wait until the API server serves them.

        Raises:
            TimeoutError: when it does not.
            ApiError: when the API server refuses.
        """
        definitions: list[Json] = list(yaml.safe_load_all((_MANIFESTS / "kwok_crds.yaml").read_text(encoding="utf-8")))
        paths = [
            object_path(_CRDS, "customresourcedefinitions", None, item["metadata"]["name"]) for item in definitions
        ]
        for path, item in zip(paths, definitions, strict=True):
            await self._kube.apply(path, item, _MANAGER)
        async with asyncio.timeout(_SECONDS_TO_SERVE):
            for path in paths:
                while not _established(await self._kube.get(path)):
                    await asyncio.sleep(0.1)

    async def run(self) -> None:
        """Keep kwok running until cancelled."""
        certificate, key = serving_certificate(self._config.work_dir / "kwok", self._config.pki_dir)
        argv = command(self._config, self.port, certificate, key)
        out = self._config.work_dir / "kwok.log"
        while True:
            with out.open("ab") as sink:
                process = await asyncio.create_subprocess_exec(
                    *argv,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=sink,
                    stderr=sink,
                    env={**base_environment(), "PATH": "/usr/bin:/bin", "HOME": str(self._config.work_dir)},
                    start_new_session=True,
                )
            self._process = process
            self._reaper.add(process.pid)
            code = await process.wait()
            self._reaper.discard(process.pid)
            log.error("kwok ended with code %s (its log: %s). Starting it again.", code, out)
            await asyncio.sleep(_RESTART_SECONDS)

    async def wait_serving(self) -> None:
        """Wait until kwok's kubelet API takes connections.

        Raises:
            TimeoutError: when it does not within half a minute.
        """
        async with asyncio.timeout(_SECONDS_TO_SERVE):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(0.1)
                else:
                    writer.close()
                    return


def _established(item: Json) -> bool:
    rows = (item.get("status") or {}).get("conditions") or []
    return any(row["type"] == "Established" and row["status"] == "True" for row in rows)
