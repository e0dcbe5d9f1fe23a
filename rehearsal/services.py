# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The two servers that live as long as the rehearsal: the embedded AWS and the chart repository."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from rehearsal import localhttp, process
from rehearsal.awsadmin import AwsAdmin
from rehearsal.part import Part, PartFailedError, Spec
from rehearsal.paths import REPO, WorkDir
from rehearsal.ports import PortBook

# The policy that a person who installs needs: the rehearsal's user holds exactly what we publish.
INSTALLER_POLICY = REPO / "docs" / "iam" / "installer-policy.json"
_SERVE_SECONDS = 120.0
_ATTEMPTS = 3


class Services:
    """Starts, watches and ends both."""

    def __init__(
        self, work: WorkDir, bin_dir: Path, env: Mapping[str, str], ports: PortBook, control_planes: bool = True
    ) -> None:
        """Describe the parts; nothing runs yet."""
        self._control_planes = control_planes
        self._work = work
        self._bin_dir = bin_dir
        self._env = env
        self._ports = ports
        # The embedded AWS keeps the account in memory: started again it would be another, empty account.
        self.aws = self._part("aws", self._aws_argv, restart=False)
        self.charts = self._part("charts", self._charts_argv)
        self.admin = AwsAdmin("", work.aws / "admin.json")
        self.charts_url = ""

    @property
    def parts(self) -> list[Part]:
        """Both, in the order of starting."""
        return [self.aws, self.charts]

    def start(self) -> None:
        """Start both and wait until they serve; the charts are packaged while the embedded AWS starts.

        Raises:
            PartFailedError: when one does not come up.
        """
        packaging = self._package_charts()
        try:
            self._serve(self.aws, "aws", lambda: localhttp.succeeds(f"{self._url('aws')}/rehearsal/health"))
            self.admin = AwsAdmin(self._url("aws"), self._work.aws / "admin.json")
            self._await_charts(packaging)
        finally:
            if packaging.poll() is None:
                packaging.kill()
                packaging.wait()
        self._serve(self.charts, "charts", lambda: localhttp.succeeds(f"{self._url('charts')}/index.yaml"))
        self.charts_url = self._url("charts")

    def stop(self) -> None:
        """End both."""
        for part in reversed(self.parts):
            part.stop()

    def _url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._ports.assign(name)}"

    def _part(self, name: str, argv: Callable[[], list[str]], restart: bool = True) -> Part:
        log = self._work.logs / f"{name}.log"
        return Part(Spec(name, argv, self._env, self._work.root, self._work.root, log, restart=restart))

    def _aws_argv(self) -> list[str]:
        port, data = str(self._ports.assign("aws")), str(self._work.aws)
        options = ["--port", port, "--data", data, "--installer-policy", str(INSTALLER_POLICY)]
        options += ["--latency", str(self._work.latencies)] if self._work.latencies.exists() else []
        options += [] if self._control_planes else ["--no-control-plane"]
        return [sys.executable, "-m", "rehearsal.aws", *options]

    def _charts_argv(self) -> list[str]:
        port = str(self._ports.assign("charts"))
        return [sys.executable, "-m", "rehearsal.charts", "serve", "--dir", str(self._work.charts), "--port", port]

    def _package_charts(self) -> subprocess.Popen[bytes]:
        options = ["--out", str(self._work.charts), "--bin-dir", str(self._bin_dir)]
        return process.spawn(
            [sys.executable, "-m", "rehearsal.charts", "build", *options],
            env={**self._env, **process.marks(self._work.root, "charts-build")},
            cwd=self._work.root,
            log=self._charts_log,
        )

    @property
    def _charts_log(self) -> Path:
        return self._work.logs / "charts-build.log"

    def _await_charts(self, packaging: subprocess.Popen[bytes]) -> None:
        code = packaging.wait()
        if code != 0:
            lines = "\n  ".join(process.tail(self._charts_log))
            raise PartFailedError(
                f"Failed to package the charts: exit code {code}. Last lines of {self._charts_log}:\n  {lines}"
            )

    def _serve(self, part: Part, port: str, ready: Callable[[], bool]) -> None:
        """Start a part; when somebody else took its port between choice and use, choose another one."""
        for attempt in range(1, _ATTEMPTS + 1):
            part.start()
            try:
                part.wait_for(ready, _SERVE_SECONDS)
            except PartFailedError:
                part.stop()
                if attempt == _ATTEMPTS or not part.port_taken():
                    raise
                self._ports.move(port)
            else:
                return
