# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Runs a command that prints an ExecCredential, and keeps its answer for as long as the token in it lives.

The AWS CLI takes about a second to start, and every kubectl, Helm and module call asks it for a token that would live
for a quarter of an hour. `eks_kubeconfig` writes this file beside the kubeconfig; it needs the standard library only.
Answers are kept in files that only their owner can read, one for each command and AWS identity.
"""

from __future__ import annotations

import calendar
import hashlib
import json
import os
import subprocess
import sys
import time

# Seconds of its life that a token must still have: as long as a slow request may take.
MARGIN = 120
# What proves an identity rather than naming it; it must not even be hashed into a file name.
SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN")


def name_of(command: list[str], environment: dict[str, str]) -> str:
    """File name for the answer to a command asked as one AWS identity."""
    identity = sorted((k, v) for k, v in environment.items() if k.startswith("AWS_") and k not in SECRETS)
    return "token-" + hashlib.sha256(json.dumps([command, identity]).encode()).hexdigest()[:16] + ".json"


def alive(answer: str, now: float) -> bool:
    """Whether the token of an ExecCredential still lives for MARGIN seconds after `now` (seconds since 1970)."""
    try:
        until = json.loads(answer)["status"]["expirationTimestamp"]
        return calendar.timegm(time.strptime(until, "%Y-%m-%dT%H:%M:%SZ")) - MARGIN > now
    except (ValueError, KeyError, TypeError):
        return False


def main(command: list[str], folder: str) -> int:
    """Print a kept answer, or ask for one; return the exit code of the command."""
    path = os.path.join(folder, name_of(command, dict(os.environ)))  # noqa: PTH118 (pathlib doubles the start-up time)
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            answer = file.read()
    except OSError:
        answer = ""
    if not alive(answer, time.time()):
        done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
        if done.returncode:
            return done.returncode
        answer = done.stdout.decode()
        temporary = f"{path}.{os.getpid()}"
        try:
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(answer)
            os.replace(temporary, path)  # noqa: PTH105
        except OSError:
            # A folder that cannot be written costs time, not the token.
            pass
    sys.stdout.write(answer)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:], os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
