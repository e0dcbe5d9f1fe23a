# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Asking for charts with the Helm of this machine. A key reaches Helm in a file, never in its arguments."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import typing as t
from pathlib import Path

from .faults import TRANSIENT, classify, explain, explain_digest

if t.TYPE_CHECKING:
    from .chart import Chart

_VERSION = re.compile(r"^version: *['\"]?([^'\"\s]+)", flags=re.MULTILINE)
_MINOR = re.compile(r"^v?(\d+)\.(\d+)")
_REPOSITORY = "wanted"


class ChartError(Exception):
    """A chart cannot be had; the message says why and what to do next."""


class Helm:
    """A Helm program."""

    def __init__(self, binary: str, *, timeout: int = 60, retries: int = 2, pause: float = 2.0) -> None:
        self._binary = binary
        self._timeout = timeout
        self._retries = retries
        self._pause = pause

    def obtain(self, chart: Chart, directory: Path | None) -> Path | None:
        """Make sure that a chart can be had. One with a digest or a key is fetched; then its file is returned.

        A file that was fetched before is used again when its digest is right; without a digest it is never trusted.

        Raises:
            ChartError: the chart cannot be had, or is not the one that was pinned.
        """
        kept = directory / f"{chart.name}-{chart.version}.tgz" if directory else None
        if chart.sha256 and kept is not None and kept.is_file() and _sha256(kept) == chart.sha256:
            return kept
        with self._login(chart) as (environment, ref):
            if not (chart.sha256 or chart.password) or kept is None:
                self._try(chart, environment, ["show", "chart", *ref])
                return None
            return self._fetch(chart, environment, ref, kept)

    def _fetch(self, chart: Chart, environment: t.Mapping[str, str], ref: list[str], kept: Path) -> Path:
        """Fetch a chart to its place, whole or not at all.

        Raises:
            ChartError: as of obtain().
        """
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent, prefix=".fetch-") as folder:
            self._try(chart, environment, ["pull", *ref, "--destination", folder])
            packed = next(Path(folder).glob("*.tgz"))
            found = _sha256(packed)
            if chart.sha256 and found != chart.sha256:
                raise ChartError(explain_digest(chart, found))
            packed.replace(kept)
        return kept

    @contextlib.contextmanager
    def _login(self, chart: Chart) -> t.Iterator[tuple[dict[str, str], list[str]]]:
        """Yield the environment and the arguments that name a chart.

        Raises:
            ChartError: the repository does not take the key.
        """
        if not chart.password:
            yield dict(os.environ), [chart.ref, *(["--repo", chart.url] if chart.url else [])]
            return
        with tempfile.TemporaryDirectory(prefix="charts-") as folder:
            environment = {
                **os.environ,
                "HELM_REPOSITORY_CONFIG": f"{folder}/repositories.json",
                "HELM_REPOSITORY_CACHE": f"{folder}/cache",
                "HELM_REGISTRY_CONFIG": f"{folder}/registry.json",
            }
            if chart.oci:
                token = base64.b64encode(f"{chart.username}:{chart.password}".encode()).decode()
                _write(f"{folder}/registry.json", {"auths": {chart.host: {"auth": token}}})
                yield environment, [chart.ref]
                return
            entry = {"name": _REPOSITORY, "url": chart.url, "username": chart.username, "password": chart.password}
            # YAML is what Helm reads, and JSON is YAML.
            _write(f"{folder}/repositories.json", {"apiVersion": "", "repositories": [entry]})
            self._try(chart, environment, ["repo", "update"], versioned=False)
            yield environment, [f"{_REPOSITORY}/{chart.ref}"]

    def _try(
        self, chart: Chart, environment: t.Mapping[str, str], arguments: list[str], *, versioned: bool = True
    ) -> str:
        """Run Helm, again when the fault may pass.

        Raises:
            ChartError: it did not succeed.
        """
        command = [*arguments, *(["--version", chart.version] if versioned and chart.version else [])]
        for attempt in range(self._retries + 1):
            failed, output = self._run(environment, command)
            if not failed:
                return output
            fault = classify(output)
            if fault.kind not in TRANSIENT:
                break
            if attempt < self._retries:
                time.sleep(self._pause * (attempt + 1))
        nearest = self._nearest(chart, environment, arguments) if fault.kind == "no_version" else []
        raise ChartError(explain(chart, fault, nearest))

    def _nearest(self, chart: Chart, environment: t.Mapping[str, str], arguments: list[str]) -> list[str]:
        """Ask for the versions around one that does not exist: before it, of its minor version, and the newest."""
        ref = arguments[1:] if arguments[0] == "pull" else arguments[2:]
        ref = ref[: ref.index("--destination")] if "--destination" in ref else ref
        minor = _MINOR.match(chart.version)
        ranges = [f"<{chart.version}", f"~{minor.group(1)}.{minor.group(2)}.0-0"] if minor else []
        found: list[str] = []
        for wanted in [*ranges, ">0.0.0", ">0.0.0-0"]:
            if wanted == ">0.0.0-0" and found:
                break
            failed, output = self._run(environment, ["show", "chart", *ref, "--version", wanted])
            version = None if failed else _VERSION.search(output)
            if version is not None and version.group(1) not in found:
                found.append(version.group(1))
        return found

    def _run(self, environment: t.Mapping[str, str], arguments: list[str]) -> tuple[bool, str]:
        """Run Helm; return whether it failed, and what it said."""
        try:
            done = subprocess.run(
                [self._binary, *arguments],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=self._timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return True, f"Error: no answer: timed out after {self._timeout} s"
        # Helm reports a repository that it could not update, and ends well.
        failed = done.returncode != 0 or "Unable to get an update" in done.stdout + done.stderr
        return failed, (done.stdout + done.stderr if failed else done.stdout)


def find_helm(binary: str) -> str:
    """Return the path of Helm.

    Raises:
        ChartError: there is none.
    """
    path = shutil.which(binary)
    if path is None:
        raise ChartError(f"Failed to find {binary}: it is not on PATH. Install Helm 3.16 or newer.")
    return path


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write(path: str, content: t.Any) -> None:
    """Write a file that only this user can read; it holds a key."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file)
