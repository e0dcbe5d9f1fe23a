# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The python3 of a Dynamo image: runs `-m dynamo.frontend` as it is and engine workers as dynamo.mocker.

Started by the `python3` on a container's PATH, in the virtual environment that holds ai-dynamo; so a shell script in a
manifest may start a worker in any way that works in the real image.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from rehearsal.dynamo.model import ensure_model, gated_without_token
from rehearsal.nodes.network import free_port
from rehearsal.nodes.runtime import old_engine_args
from rehearsal.nodes.runtime.engine_args import ENGINES, ArgumentError, move_port, translate

_HTTP_PORT = 8000


def local_ports(environ: Mapping[str, str]) -> dict[int, int]:
    """Return the container's ports by number with the local port each one got."""
    return {int(port): int(local) for port, local in json.loads(environ.get("REHEARSAL_PORTS") or "{}").items()}


def split_module(argv: Sequence[str]) -> tuple[str, list[str]]:
    """Return (module, its arguments) for `[-u …] -m module …`; ("", argv) for anything else."""
    words = list(argv)
    for index, word in enumerate(words):
        if word == "-m" and index + 1 < len(words):
            return words[index + 1], words[index + 2 :]
        if not word.startswith("-"):
            break
    return "", words


def command(argv: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """Return the arguments for the real Python interpreter.

    Raises:
        ArgumentError: when the engine would refuse its arguments.
        PermissionError: when the model is gated and no token is given.
    """
    module, args = split_module(argv)
    ports = local_ports(environ)
    if module == "dynamo.frontend":
        # an explicit variable has been moved already; without one the image's default port has to be
        default = None if environ.get("DYN_HTTP_PORT") else _HTTP_PORT
        return ["-m", module, *move_port(args, "--http-port", ports, default)]
    if module not in ENGINES:
        return list(argv)
    if environ.get("REHEARSAL_DYNAMO_AGE"):
        return _old_worker(old_engine_args.translate(module, args, environ), environ)
    worker = translate(module, args, environ)
    model_dir = _model(worker.model, environ)
    extra: list[str] = []
    if worker.role == "prefill":
        extra = ["--bootstrap-ports", str(free_port(set(ports.values())))]
    return ["-m", "dynamo.mocker", "--model-path", str(model_dir), *worker.arguments, *extra]


def _model(model: str, environ: Mapping[str, str]) -> Path:
    """Return a model's directory, as a download would.

    Raises:
        PermissionError: when the model is gated and no token is given.
    """
    if gated_without_token(model, environ):
        raise PermissionError(
            f"Cannot access gated repo for url https://huggingface.co/{model}/resolve/main/config.json.\n"
            f"Access to model {model} is restricted. You must have access to it and be authenticated "
            "to access it. Please log in."
        )
    return ensure_model(model, Path(environ["REHEARSAL_MODELS"]))


def _old_worker(worker: old_engine_args.OldWorker, environ: Mapping[str, str]) -> list[str]:
    model_dir = _model(worker.model, environ)
    if worker.silent:
        return [str(Path(__file__).with_name("silent_worker.py")), worker.endpoint]
    settings = Path(environ["TMPDIR"]) / "mocker.json"
    settings.write_text(json.dumps(worker.settings), encoding="utf-8")
    where = ["--model-path", str(model_dir), "--model-name", worker.served_name]
    endpoint = ["--endpoint", f"dyn://{worker.endpoint}", "--extra-engine-args", str(settings)]
    return ["-m", "dynamo.mocker", *where, *endpoint]


def main() -> None:
    """Become the real interpreter."""
    try:
        argv = command(sys.argv[1:], os.environ)
    except ArgumentError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except PermissionError as error:
        print(f"huggingface_hub.errors.GatedRepoError: 401 Client Error.\n{error}", file=sys.stderr)
        sys.exit(1)
    os.execv(sys.executable, [sys.executable, *argv])  # noqa: S606 - a shim becomes what it stands for


if __name__ == "__main__":
    main()
