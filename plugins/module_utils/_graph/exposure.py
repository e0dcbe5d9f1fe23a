# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Let clients outside the cluster reach a graph: options, and what is refused. Pure.

Dynamo's frontend asks nobody who they are, so a small proxy stands before it that does; see gateway.py.
"""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import dataclass, field, fields

from .definition import DefinitionError

KINDS = ("nlb", "ingress", "gateway")
SCHEMES = ("internal", "internet-facing")


@dataclass(frozen=True)
class Exposure:
    """How a graph is reached from outside the cluster."""

    kind: str
    """nlb, ingress or gateway."""
    host: str = ""
    """Name of the host, for ingress and gateway."""
    certificate_arn: str = ""
    """Certificate of ACM, for a load balancer of AWS."""
    tls_secret: str = ""
    """Secret with tls.crt and tls.key."""
    api_keys_secret: str = ""
    """Secret with keys.map; "" for one that is made."""
    allowed_cidrs: t.Sequence[str] = ()
    scheme: str = "internal"
    public: bool = False
    """Said that internet-facing is meant."""
    without_tls: bool = False
    without_api_key: bool = False
    load_balancer_class: str = "service.k8s.aws/nlb"
    ingress_class: str = "alb"
    annotations: t.Mapping[str, str] = field(default_factory=dict)
    """Further annotations of Service, Ingress or HTTPRoute."""
    gateway: t.Mapping[str, str] = field(default_factory=dict)
    """Gateway to attach to: name, namespace, section (of a listener with TLS)."""
    replicas: int = 2


def read(given: t.Mapping[str, t.Any]) -> Exposure | None:
    """Return how to expose, None for not at all; DefinitionError with everything that is wrong."""
    chosen = {key: value for key, value in given.items() if value not in (None, "", {}, [])}
    if not chosen:
        return None
    known = [entry.name for entry in fields(Exposure)]
    unknown = sorted(set(chosen) - set(known))
    if unknown:
        raise _refusal([f"{', '.join(unknown)} unknown; known are {', '.join(known)}"])
    if chosen.get("kind") not in KINDS:
        raise _refusal([f"kind must be one of {', '.join(KINDS)}; got {chosen.get('kind')!r}"])
    for key in ("public", "without_tls", "without_api_key"):
        chosen[key] = str(chosen.get(key, False)).lower() in ("true", "yes", "1", "on")
    cidrs = chosen.get("allowed_cidrs", [])
    chosen["allowed_cidrs"] = [part.strip() for part in cidrs.split(",")] if isinstance(cidrs, str) else list(cidrs)
    chosen["replicas"] = int(chosen.get("replicas", 2))
    found = Exposure(**chosen)
    faults = [*_reach(found), *_trust(found)]
    if faults:
        raise _refusal(faults)
    return found


def _refusal(faults: t.Sequence[str]) -> DefinitionError:
    return DefinitionError(f"Failed to expose the graph: {'; '.join(faults)}. Nothing was changed.")


def _reach(found: Exposure) -> list[str]:
    """Say what is wrong with who could reach it."""
    faults = []
    if found.scheme not in SCHEMES:
        faults.append(f"scheme must be one of {', '.join(SCHEMES)}; got {found.scheme!r}")
    if found.scheme == "internet-facing" and not found.public:
        faults.append("scheme internet-facing puts it on the internet; say public: true if that is meant")
    if found.kind in ("ingress", "gateway") and not found.host:
        faults.append(f"kind {found.kind} needs host")
    if found.kind == "gateway" and not (found.gateway.get("name") and found.gateway.get("section")):
        faults.append("kind gateway needs gateway.name and gateway.section (a listener of it)")
    if found.kind != "gateway" and not found.allowed_cidrs:
        faults.append("allowed_cidrs are needed: the networks of the clients, for example [10.0.0.0/8]")
    for cidr in found.allowed_cidrs:
        try:
            network = ipaddress.ip_network(cidr)
        except ValueError as error:
            faults.append(f"allowed_cidrs: {error}")
            continue
        if network.prefixlen == 0:
            faults.append(f"allowed_cidrs: {cidr} is everybody; name the networks of the clients")
    return faults


def _trust(found: Exposure) -> list[str]:
    """Say what is wrong with encryption and keys."""
    faults = []
    if found.certificate_arn and found.tls_secret:
        faults.append("certificate_arn and tls_secret are both given; give one of them")
    # A Gateway has the certificate itself; that its listener speaks TLS is looked at in the cluster.
    encrypted = bool(found.certificate_arn or found.tls_secret or found.kind == "gateway")
    if not encrypted and not found.without_tls:
        faults.append(
            "prompts and keys would go unencrypted; give certificate_arn (ACM) or tls_secret, or say without_tls: true"
        )
    if found.certificate_arn and found.kind == "gateway":
        faults.append("kind gateway has its certificate from the Gateway; drop certificate_arn")
    if found.scheme == "internet-facing" and found.without_api_key:
        faults.append("without_api_key would let the internet use your GPUs; drop it")
    return faults
