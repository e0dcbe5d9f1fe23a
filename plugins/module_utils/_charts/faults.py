# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Why a chart cannot be had, from what Helm 3 and 4 say. Pure functions."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

if t.TYPE_CHECKING:
    from .chart import Chart

#: What may pass when it is tried again.
TRANSIENT = ("down", "busy")

# The first that matches counts. A status counts only where Helm reports one, never a number within a URL.
_SAYS = (
    ("key", re.compile(r"(?:status (?:code )?|: )401\b|unauthorized|authentication required", re.IGNORECASE)),
    ("forbidden", re.compile(r"(?:status (?:code )?|: )403\b|: denied|access denied", re.IGNORECASE)),
    ("tls", re.compile(r"x509:|tls: |server gave HTTP response to HTTPS client", re.IGNORECASE)),
    ("busy", re.compile(r"(?:status (?:code )?|: )(?:429|5\d\d)\b", re.IGNORECASE)),
    (
        "down",
        re.compile(
            r"no such host|connection refused|connection reset|timed? ?out|deadline exceeded|no route to host"
            r"|network is unreachable|server misbehaving|proxyconnect|\bEOF\b",
            re.IGNORECASE,
        ),
    ),
    ("no_repository", re.compile(r"(?:status (?:code )?|: )404\b|is not a valid chart repository|no API version")),
    ("no_version", re.compile(r"not found|no chart version found|could not locate a version|improper constraint")),
)


@dataclass(frozen=True)
class Fault:
    """Kind of a fault, and Helm's own words in one line."""

    kind: str
    said: str


def classify(output: str) -> Fault:
    """Say which fault it is that Helm reports.

    Kinds: key (401), forbidden (403), tls, busy (429, 5xx), down, no_repository, no_version, other.
    """
    said = _cause(output)
    kind = next((kind for kind, pattern in _SAYS if pattern.search(output)), "other")
    return Fault(kind, said)


def explain(chart: Chart, fault: Fault, nearest: t.Sequence[str] = ()) -> str:
    """Say in full what is wrong with a chart, and what to do next."""
    if fault.kind == "no_version" and not nearest:
        fault = Fault("no_chart", fault.said)
    cause = _CAUSES.get((fault.kind, bool(chart.password))) or _CAUSES[(fault.kind, False)]
    said = cause.format(said=fault.said, nearest=", ".join(nearest))
    return f"Failed to read the chart {chart.title} from {chart.where}: {said}. {_advise(chart, fault.kind)}"


def explain_digest(chart: Chart, found: str) -> str:
    """Say that the chart is not the one that was pinned."""
    return (
        f"Failed to use the chart {chart.title} from {chart.where}: its SHA-256 is {found} and not {chart.sha256}. "
        "Somebody published other content under the same version: find out who and why before you change the digest."
    )


# By kind, and by whether a key was given.
_CAUSES = {
    ("key", False): "it gives nothing without a key (401 Unauthorized)",
    ("key", True): "it does not know the key that was given (401 Unauthorized)",
    ("forbidden", False): "it refuses to give this chart (403 Forbidden)",
    ("forbidden", True): "the key is good, but may not read this chart (403 Forbidden)",
    ("tls", False): "its TLS certificate is not accepted ({said})",
    ("busy", False): "it cannot serve now ({said})",
    ("down", False): "it cannot be reached ({said})",
    ("no_repository", False): "there is no chart repository at that address ({said})",
    ("no_chart", False): "there is no chart of this name",
    ("no_version", False): "there is no such version; nearest: {nearest}",
    ("other", False): "{said}",
}

_ADVICE = {
    "tls": "Add the CA that signed it to the CAs of this machine (SSL_CERT_FILE), or correct the address.",
    "busy": "Run this again later; what is installed stays as it is.",
    "down": "Look at the network and the proxy of this machine (HTTPS_PROXY), or name a mirror in {places}.",
    "no_repository": "Correct the address of {name} in {places}.",
    "no_chart": "Correct the address of {name} in {places}.",
    "other": "Try 'helm show chart' with {where} by hand.",
}


def _advise(chart: Chart, kind: str) -> str:
    if kind == "no_version":
        return f"{_set(chart.version_setting, 'Set {} to') or 'Choose'} one of them."
    if kind == "key" and chart.password:
        source = _set(chart.key_setting, "; it comes from {}")
        return f"Look whether the key is complete and has not expired{source}."
    if kind == "forbidden" and chart.password:
        place = _set(chart.key_setting, " in {}")
        return f"Ask the owner of the repository for access, or use the key of another organisation{place}."
    if kind in ("key", "forbidden"):
        return _give_key(chart)
    return _ADVICE[kind].format(name=chart.name, where=chart.where, places="dynamo_chart_repositories")


def _give_key(chart: Chart) -> str:
    if chart.oci:
        return (
            f"If this machine has an old login, forget it ('helm registry logout {chart.host}'); else log in"
            f" ('helm registry login {chart.host}'){_set(chart.key_setting, ' or set {}')}."
        )
    if chart.key_setting:
        return f"Set {chart.key_setting}, or name a place that needs no key in dynamo_chart_repositories."
    return "Name a place that needs no key in dynamo_chart_repositories."


def _set(setting: str, text: str) -> str:
    return text.format(setting) if setting else ""


def _cause(output: str) -> str:
    """Return the last error in one line, without what Helm puts before it."""
    lines = [line.strip() for line in output.splitlines() if line.strip() and not line.startswith("WARNING")]
    errors = [line for line in lines if "rror" in line or "fail" in line] or lines or ["Helm said nothing"]
    said = errors[-1].removeprefix("Error: ")
    said = re.sub(r'^looks like "[^"]*" is not a valid chart repository or cannot be reached: ', "", said)
    said = re.sub(r'^failed to perform "[^"]*" on source: ', "", said)
    return said.rstrip(" .")
