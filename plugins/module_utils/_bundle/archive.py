# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Write a bundle as one archive that only its owner may read."""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
import typing as t
from pathlib import Path

MODE = 0o600


def write(path: Path, files: t.Mapping[str, str], seconds: int) -> None:
    """Write `files` (path in the archive to text) as a tar.gz, whole or not at all; `seconds` since 1970 is their time.

    Raises:
        OSError: when it cannot be written.
    """
    root = path.name.split(".", maxsplit=1)[0]
    path.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp makes files that only their owner may read.
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream, tarfile.open(fileobj=stream, mode="w:gz") as archive:
            for name, text in sorted(files.items()):
                data = text.encode("utf-8", "replace")
                entry = tarfile.TarInfo(f"{root}/{name}")
                entry.size, entry.mode, entry.mtime = len(data), MODE, seconds
                archive.addfile(entry, io.BytesIO(data))
        Path(partial).replace(path)
    except OSError:
        Path(partial).unlink(missing_ok=True)
        raise
