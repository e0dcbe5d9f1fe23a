# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The work directory: a copy of the configuration with its inputs, where Terraform may write."""

from __future__ import annotations

import hashlib
import json
import typing as t
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

MANIFEST = ".stack.json"
LOCK_FILE = ".terraform.lock.hcl"
BACKEND_FILE = "stack_backend.tf.json"
IMPORTS_FILE = "stack_imports.tf.json"
VARIABLES_FILE = "99-variables.auto.tfvars.json"
_CODE = (".tf", ".tf.json", ".tofu", ".tofu.json")
_INPUTS = (".auto.tfvars", ".auto.tfvars.json")
_LEFT_OUT_DIRECTORIES = {".terraform", "profiles", "tests"}


@dataclass(frozen=True)
class Synced:
    """What the directory holds now.

    Attributes:
        root: directory of the root module, where Terraform runs; state, plan and logs are there.
        digest: of everything that init depends on.
        backend: digest of the backend's configuration.
        needs_init: whether init has not yet succeeded for this digest.
        backend_changed: whether an earlier init was for another backend.
    """

    root: Path
    digest: str
    backend: str
    needs_init: bool
    backend_changed: bool


def sync(
    source: Path | None,
    work_dir: Path,
    inputs: t.Mapping[str, bytes] | None,
    backend: t.Mapping[str, t.Any],
    binary: str,
    root_module: str | None = None,
) -> Synced:
    """Bring configuration and inputs into the work directory; what no longer belongs there goes.

    Terraform loads every *.tf and *.auto.tfvars file it finds: one dropped from the source would go on counting.

    Args:
        source: directory of the configuration; None keeps what is there.
        work_dir: made when missing, for the user alone.
        inputs: variable files by name (see `inputs_of`); None keeps those that are there.
        backend: {"type": ..., "config": {...}}; empty for Terraform's own default, state in the work directory.
        binary: the program that will run; another one needs an init of its own.
        root_module: path of the root module inside the source; None for the source itself, or without a source for
            the one of the last run.

    Raises:
        OSError: the source cannot be read or the work directory cannot be written.
        ValueError: the root module is not there, or the directory belongs to another one.
    """
    manifest = read_manifest(work_dir)
    inside = _root_module(source, manifest, root_module)
    work_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    old_files: dict[str, str] = manifest["files"]
    files = dict(old_files)
    if source is not None:
        files = _copy(source, work_dir, old_files)
    root = work_dir / inside
    root.mkdir(parents=True, exist_ok=True)
    backend_text = _backend(backend)
    keep = {work_dir / name for name in files}
    if backend_text:
        _write(root / BACKEND_FILE, backend_text)
        keep.add(root / BACKEND_FILE)
    if inputs is None:
        keep.update(path for path in root.iterdir() if path.name.endswith(_INPUTS))
    for name, content in (inputs or {}).items():
        _write(root / name, content)
        keep.add(root / name)
    _remove_stale(work_dir, keep, {work_dir / name for name in old_files})
    digest = _hash(
        json.dumps(
            [
                sorted(item for item in files.items() if item[0].endswith((*_CODE, LOCK_FILE))),
                _hash(backend_text),
                binary,
                inside,
            ]
        ).encode()
    )
    _write_manifest(work_dir, {**manifest, "files": files, "root_module": inside})
    return Synced(
        root=root,
        digest=digest,
        backend=_hash(backend_text),
        needs_init=manifest["initialised"] != digest or not (root / ".terraform").is_dir(),
        backend_changed=bool(manifest["initialised"]) and manifest["backend"] != _hash(backend_text),
    )


def mark_initialised(work_dir: Path, synced: Synced, backend: t.Mapping[str, t.Any]) -> None:
    """Note that init succeeded for what the directory holds."""
    update_manifest(work_dir, initialised=synced.digest, backend=synced.backend, backend_config=dict(backend))


def inputs_of(variables_files: t.Sequence[Path], variables: t.Mapping[str, t.Any]) -> dict[str, bytes]:
    """Return the inputs as files that Terraform loads by itself, in an order in which a later one wins.

    So `terraform plan` typed in the work directory sees what Ansible saw.

    Raises:
        OSError: a file cannot be read.
    """
    inputs = {}
    for index, path in enumerate(variables_files):
        json_like = path.name.endswith(".json")
        stem = path.name.split(".")[0]
        inputs[f"{index:02}-{stem}.auto.tfvars{'.json' if json_like else ''}"] = path.read_bytes()
    if variables:
        inputs[VARIABLES_FILE] = (json.dumps(variables, indent=2, sort_keys=True) + "\n").encode()
    return inputs


def root_of(work_dir: Path) -> Path:
    """Return the directory in which Terraform ran last."""
    return work_dir / str(read_manifest(work_dir)["root_module"])


def is_prepared(work_dir: Path) -> bool:
    """Tell whether a stack was ever set up in the directory."""
    return (work_dir / MANIFEST).is_file()


def read_manifest(work_dir: Path) -> dict[str, t.Any]:
    """Return what the last run noted; an empty manifest for a new or damaged directory."""
    empty: dict[str, t.Any] = {
        "files": {},
        "initialised": "",
        "backend": _hash(b""),
        "backend_config": {},
        "root_module": "",
        "program": {},
    }
    try:
        found = json.loads((work_dir / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return empty
    return {**empty, **found} if isinstance(found, dict) else empty


def update_manifest(work_dir: Path, **values: t.Any) -> None:
    """Note something for the next run."""
    _write_manifest(work_dir, {**read_manifest(work_dir), **values})


def write_imports(root: Path, imports: t.Mapping[str, t.Any]) -> None:
    """Let the next plan import; the file goes with the next `sync`."""
    _write(root / IMPORTS_FILE, (json.dumps(imports, indent=2, sort_keys=True) + "\n").encode())


def _write_manifest(work_dir: Path, manifest: t.Mapping[str, t.Any]) -> None:
    _write(work_dir / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True).encode())


def _copy(source: Path, work_dir: Path, old_files: t.Mapping[str, str]) -> dict[str, str]:
    """Copy what has changed; return the digests of the source's files by relative name."""
    files = {}
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source).as_posix()
        if not path.is_file() or _left_out(name):
            continue
        content = path.read_bytes()
        files[name] = _hash(content)
        # Terraform adds to the lock file; the copy is replaced only when the source's own has changed.
        if name == LOCK_FILE and old_files.get(name) == files[name] and (work_dir / name).exists():
            continue
        _write(work_dir / name, content)
    return files


def _left_out(name: str) -> bool:
    parts = name.split("/")
    last = parts[-1]
    return (
        bool(_LEFT_OUT_DIRECTORIES.intersection(parts[:-1]))
        or last == MANIFEST
        or ".tfstate" in last
        or ".tfvars" in last
    )


def _remove_stale(work_dir: Path, keep: set[Path], ours: set[Path]) -> None:
    """Remove what Terraform would load but nobody gave, and what the source no longer has."""
    for path in work_dir.rglob("*"):
        if ".terraform" in path.relative_to(work_dir).parts or path in keep or not path.is_file():
            continue
        loaded = path.name.endswith((*_CODE, *_INPUTS)) or path.name in {"terraform.tfvars", "terraform.tfvars.json"}
        if loaded or path in ours:
            path.unlink()
    for path in sorted((path.parent for path in ours - keep), reverse=True):
        _remove_empty(path, work_dir)


def _remove_empty(directory: Path, upto: Path) -> None:
    """Remove a directory and those above it that have become empty with it."""
    while directory != upto and directory.is_dir() and not any(directory.iterdir()):
        directory.rmdir()
        directory = directory.parent


def _root_module(source: Path | None, manifest: t.Mapping[str, t.Any], wanted: str | None) -> str:
    """Return the root module's path inside the source, an empty string for the source itself."""
    before = str(manifest["root_module"])
    if source is None and not manifest["files"]:
        raise ValueError(f"it holds no configuration ({MANIFEST} is missing or damaged), and no source is given")
    if source is None and wanted is None:
        return before
    path = PurePosixPath(wanted or ".")
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"root_module is {wanted}, which is not inside the source")
    inside = "" if str(path) == "." else str(path)
    if source is not None and not any(item.name.endswith(_CODE) for item in (source / inside).glob("*")):
        raise ValueError(f"root_module is {wanted}, but {source / inside} holds no Terraform files")
    if manifest["files"] and inside != before:
        raise ValueError(
            f"it belongs to the root module {before or '.'}, whose state may be in it, and root_module is {wanted}; "
            "give each root module a work_dir of its own"
        )
    return inside


def _backend(backend: t.Mapping[str, t.Any]) -> bytes:
    if not backend or not backend.get("type"):
        return b""
    return (
        json.dumps({"terraform": {"backend": {backend["type"]: backend.get("config") or {}}}}, indent=2, sort_keys=True)
        + "\n"
    ).encode()


def _write(path: Path, content: bytes) -> None:
    """Write whole or not at all, and only when the content differs."""
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    temporary.write_bytes(content)
    temporary.chmod(0o600)
    temporary.replace(path)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
