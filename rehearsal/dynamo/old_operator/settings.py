# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Flags of the operator, as its chart passes them."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from rehearsal.dynamo.operator.config import ConfigError, own_namespace


@dataclass(frozen=True)
class Settings:
    """Everything the operator needs to know."""

    watch_namespace: str | None
    """The only namespace to look after, or None for all."""
    health_address: tuple[str, int]
    metrics_address: tuple[str, int] | None
    leader_election: bool
    lease_name: str
    lease_namespace: str
    nats: str
    """Given to every component as it is."""
    etcd: str
    ingress_class: str
    ingress_tls_secret: str
    ingress_suffix: str

    @property
    def infrastructure(self) -> dict[str, str]:
        """Environment for every component."""
        given = {"NATS_SERVER": self.nats, "ETCD_ENDPOINTS": self.etcd}
        return {name: value for name, value in given.items() if value}


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host or "127.0.0.1", int(port)


def parser() -> argparse.ArgumentParser:
    """Return the parser; a flag that this age does not know ends the operator, as the real one."""
    made = argparse.ArgumentParser(prog="manager", allow_abbrev=False)
    made.add_argument("--health-probe-bind-address", default=":8081")
    made.add_argument("--metrics-bind-address", default="0")
    made.add_argument("--leader-elect", nargs="?", const="true", default="false")
    made.add_argument("--leader-election-id", default="")
    made.add_argument("--leader-election-namespace", default="")
    made.add_argument("--restrictedNamespace", default="")
    made.add_argument("--natsAddr", default="")
    made.add_argument("--etcdAddr", default="")
    made.add_argument("--ingress-controller-class-name", default="")
    made.add_argument("--ingress-controller-tls-secret-name", default="")
    made.add_argument("--ingress-host-suffix", default="")
    for ignored in ("--istio-virtual-service-gateway", "--virtual-service-supports-https", "--grove-termination-delay"):
        made.add_argument(ignored, default="")
    made.add_argument("--enable-lws", nargs="?", const="true", default="false")
    return made


def read(argv: list[str], environment: Mapping[str, str] = os.environ) -> Settings:
    """Parse the flags.

    Raises:
        ConfigError: when something is asked for that this stand-in does not carry, or the namespace is not known.
    """
    given = parser().parse_args(argv)
    if given.enable_lws == "true":
        raise ConfigError("Failed to enable LeaderWorkerSets: they are not carried here. Set enableLWS to false.")
    metrics = given.metrics_bind_address
    namespace = own_namespace(environment) if given.leader_elect == "true" else ""
    return Settings(
        watch_namespace=given.restrictedNamespace or None,
        health_address=_address(given.health_probe_bind_address),
        metrics_address=None if metrics == "0" else _address(metrics),
        leader_election=given.leader_elect == "true",
        lease_name=given.leader_election_id,
        lease_namespace=given.leader_election_namespace or namespace,
        nats=given.natsAddr,
        etcd=given.etcdAddr,
        ingress_class=given.ingress_controller_class_name,
        ingress_tls_secret=given.ingress_controller_tls_secret_name,
        ingress_suffix=given.ingress_host_suffix,
    )


def reachable(address: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return an address as this process reaches it, with a scheme: the node agent's, else the address itself."""
    scheme, separator, rest = address.rpartition("://")
    known: dict[str, str] = json.loads(environment.get("REHEARSAL_ADDRESSES") or "{}")
    plain = rest.rstrip("/")
    return f"{scheme if separator else 'http'}://{known.get(plain, plain)}"
