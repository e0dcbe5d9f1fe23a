# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What probe results mean: the counting of a kubelet's probe workers, without the probing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
KINDS = ("startup", "readiness", "liveness")


@dataclass(frozen=True)
class ProbeSpec:
    """A probe with the API's defaults filled in; durations in seconds."""

    kind: str
    handler: Json
    initial_delay: float = 0.0
    period: float = 10.0
    timeout: float = 1.0
    success_threshold: int = 1
    failure_threshold: int = 3
    grace: int | None = None


def parse(container: Mapping[str, Any], kind: str, scale: float = 1.0) -> ProbeSpec | None:
    """Read one probe of a container; `scale` shortens delay and period (tests)."""
    probe = container.get(f"{kind}Probe")
    if not probe:
        return None
    handler = {key: probe[key] for key in ("exec", "httpGet", "tcpSocket", "grpc") if key in probe}
    grace = probe.get("terminationGracePeriodSeconds")
    return ProbeSpec(
        kind=kind,
        handler=handler,
        initial_delay=float(probe.get("initialDelaySeconds") or 0) * scale,
        period=float(probe.get("periodSeconds") or 10) * scale,
        timeout=float(probe.get("timeoutSeconds") or 1),
        success_threshold=int(probe.get("successThreshold") or 1),
        failure_threshold=int(probe.get("failureThreshold") or 3),
        grace=int(grace) if grace is not None else None,
    )


@dataclass
class Verdict:
    """The standing of one probe: thresholds applied to the run of equal results."""

    spec: ProbeSpec
    passed: bool | None = None
    _last: bool | None = field(default=None, repr=False)
    _run: int = field(default=0, repr=False)

    def __post_init__(self) -> None:
        """Begin as a kubelet does: not ready, alive, start-up unknown."""
        self.passed = {"readiness": False, "liveness": True, "startup": None}[self.spec.kind]

    def observe(self, success: bool) -> bool:
        """Take one result; return whether the standing changed."""
        self._run = self._run + 1 if success == self._last else 1
        self._last = success
        needed = self.spec.success_threshold if success else self.spec.failure_threshold
        if self._run < needed or self.passed == success:
            return False
        self.passed = success
        return True

    def reset(self) -> None:
        """Forget the run of results (the container was or will be restarted)."""
        self._last, self._run = None, 0
        self.__post_init__()


def must_kill(verdict: Verdict) -> bool:
    """Tell whether the container has to be restarted because of this probe."""
    return verdict.spec.kind in ("liveness", "startup") and verdict.passed is False


def is_ready(running: bool, startup: Verdict | None, readiness: Verdict | None) -> bool:
    """Tell whether a container is ready."""
    if not running or (startup is not None and startup.passed is not True):
        return False
    return readiness is None or readiness.passed is True


def is_started(running: bool, startup: Verdict | None) -> bool:
    """Tell whether a container counts as started."""
    return running and (startup is None or startup.passed is True)


def resolve_port(value: Any, container: Mapping[str, Any]) -> int:
    """Return the container port that a probe names by number or by name.

    Raises:
        ValueError: when the container has no port of that name.
    """
    if isinstance(value, int) or str(value).isdigit():
        return int(value)
    for port in container.get("ports") or []:
        if port.get("name") == value:
            return int(port["containerPort"])
    raise ValueError(f"couldn't find port: {value!r}")
