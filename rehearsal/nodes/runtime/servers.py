# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The entry points of the images of etcd, NATS, Argo CD and redis: their settings, on this machine's ports and paths.

`servers.py etcd|nats|argocd|redis PROGRAM [ARGUMENT …]`; becomes the program. Standard library only.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_ETCD_CLIENT, _ETCD_PEER = 2379, 2380
_ETCD_DATA = "/bitnami/etcd/data"
# What of the image's settings means something to a single member.
_ETCD_KEPT = ("ETCD_AUTO_COMPACTION_MODE", "ETCD_AUTO_COMPACTION_RETENTION", "ETCD_QUOTA_BACKEND_BYTES")
_NATS_CLIENT, _NATS_MONITOR = 4222, 8222
_REDIS = 6379
# Flags of Argo CD's parts that name a port, and those parts that can be told on which address to listen.
_ARGOCD_PORT = re.compile(r"^(--(?:metrics-)?port=)(\d+)$")
_ARGOCD_ADDRESSES = {
    "argocd-server": ("--address=127.0.0.1", "--metrics-address=127.0.0.1"),
    "argocd-repo-server": ("--address=127.0.0.1", "--metrics-address=127.0.0.1"),
}
_NATS_PATH = re.compile(r'("?(?:store_dir|pid_file)"?\s*[:=]?\s*")([^"]+)(")')


def local_path(path: str, pairs: Sequence[Sequence[str]]) -> str:
    """Return where a path below one of the container's mounts lies here; the longest mount comes first."""
    for mount, real in pairs:
        if path == mount or path.startswith(mount.rstrip("/") + "/"):
            return real + path[len(mount.rstrip("/")) :]
    return path


def etcd(program: str, environ: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """Return the command and environment of a single etcd member."""
    ports = json.loads(environ["REHEARSAL_PORTS"])
    client = f"http://127.0.0.1:{ports[str(_ETCD_CLIENT)]}"
    peer = f"http://127.0.0.1:{ports.get(str(_ETCD_PEER), 0)}"
    name = environ.get("ETCD_NAME") or environ.get("HOSTNAME") or "default"
    data = environ.get("ETCD_DATA_DIR") or _ETCD_DATA
    if data == _ETCD_DATA:
        # Without a volume there, it is in the container's own file system, which ends with it.
        own = [*json.loads(environ["REHEARSAL_PATHS"]), ["/bitnami", environ["TMPDIR"]]]
        data = local_path(data, own)
    argv = [
        program,
        *("--name", name, "--data-dir", data),
        *("--listen-client-urls", client, "--advertise-client-urls", client),
        *("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", f"{name}={peer}"),
        # what is lost with this machine is only a rehearsal
        "--unsafe-no-fsync",
    ]
    env = {key: value for key, value in environ.items() if not key.startswith("ETCD_") or key in _ETCD_KEPT}
    return argv, env


def nats_config(text: str, pairs: Sequence[Sequence[str]]) -> str:
    """Return a NATS configuration with its directories where they lie here; no flag may change them."""
    return _NATS_PATH.sub(lambda found: f"{found[1]}{local_path(found[2], pairs)}{found[3]}", text)


def nats(program: str, words: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """Return the command of a NATS server; for addresses its flags count more than the configuration file."""
    ports = json.loads(environ["REHEARSAL_PORTS"])
    flags = ["-a", "127.0.0.1", "-p", str(ports[str(_NATS_CLIENT)])]
    if str(_NATS_MONITOR) in ports:
        flags += ["-m", str(ports[str(_NATS_MONITOR)])]
    return [program, *words, *flags]


def _own_config(words: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """Return the arguments with the configuration file replaced by one for this machine."""
    moved = list(words)
    for index, word in enumerate(moved[:-1]):
        if word in ("-c", "--config", "-config"):
            text = Path(moved[index + 1]).read_text(encoding="utf-8")
            own = Path(environ["TMPDIR"]) / "nats.conf"
            own.write_text(nats_config(text, json.loads(environ["REHEARSAL_PATHS"])), encoding="utf-8")
            moved[index + 1] = str(own)
    return moved


def argocd(program: str, words: Sequence[str], environ: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """Return the command and environment of one part of Argo CD: a single program that a variable tells which it is."""
    ports = json.loads(environ["REHEARSAL_PORTS"])
    part = words[0].rpartition("/")[2]

    def moved(word: str) -> str:
        found = _ARGOCD_PORT.match(word)
        return f"{found[1]}{ports.get(found[2], found[2])}" if found else word

    argv = [program, *map(moved, words[1:]), *_ARGOCD_ADDRESSES.get(part, ())]
    env = {
        **environ,
        "ARGOCD_BINARY_NAME": part,
        # the API server by KUBECONFIG instead of what only a container has
        "ARGOCD_FAKE_IN_CLUSTER": "true",
        # keys of commits, which charts do not have
        "ARGOCD_GPG_ENABLED": "false",
    }
    return argv, env


def redis(program: str, words: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """Return the command of a redis."""
    return [program, *words, "--port", str(json.loads(environ["REHEARSAL_PORTS"])[str(_REDIS)])]


def main(argv: list[str]) -> None:
    """Become the server."""
    kind, program, words = argv[0], argv[1], argv[2:]
    env = dict(os.environ)
    if any(word.endswith("/preupgrade.sh") for word in words):
        print("No members to remove.")
        return
    if kind == "etcd":
        command, env = etcd(program, env)
    elif kind == "argocd":
        command, env = argocd(program, words, env)
    elif kind == "redis":
        command = redis(program, words, env)
    else:
        command = nats(program, _own_config(words, env), env)
    os.execve(command[0], command, env)  # noqa: S606 - an entry point becomes what it starts


if __name__ == "__main__":
    main(sys.argv[1:])
