# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Pack a chart folder into an archive that is the same byte for byte whenever its content is."""

from __future__ import annotations

import gzip
import io
import json
import re
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from rehearsal.charts import schema

Json = dict[str, Any]
_OVERRIDES = "schema.yaml"


@dataclass(frozen=True)
class Source:
    """Where a chart comes from."""

    folder: Path
    version: str
    ours: bool = True
    """True for a stand-in, whose values.schema.json is derived from its values.yaml."""
    added: dict[str, Path] = field(default_factory=dict)
    """Files from elsewhere: path inside the chart to file."""
    generated: dict[str, bytes] = field(default_factory=dict)
    """Files that no file holds: path inside the chart to content."""
    defaults: dict[str, Json] = field(default_factory=dict)
    """Defaults that this release has beside those of the folder, or in their place: path of a values.yaml to values."""


@dataclass(frozen=True)
class Package:
    """A packed chart."""

    metadata: Json
    data: bytes

    @property
    def file_name(self) -> str:
        """Name as Helm gives it."""
        return f"{self.metadata['name']}-{self.metadata['version']}.tgz"


def _read_yaml(path: Path) -> Json:
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {} if path.exists() else {}


def _merged(values: Json, more: Json) -> Json:
    """Return values with others in them."""
    both = dict(values)
    for key, value in more.items():
        old = both.get(key)
        both[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return both


def _schemas(source: Source) -> dict[str, bytes]:
    """Derived schemas of a chart and its sub-charts: path inside the chart to content."""
    result: dict[str, bytes] = {}
    for values in sorted(source.folder.rglob("values.yaml")):
        more = source.defaults.get(values.relative_to(source.folder).as_posix(), {})
        derived = schema.derive(_merged(_read_yaml(values), more), _read_yaml(values.with_name(_OVERRIDES)))
        name = values.with_name("values.schema.json").relative_to(source.folder).as_posix()
        result[name] = json.dumps(derived, indent=2).encode() + b"\n"
    return result


def contents(source: Source) -> dict[str, bytes]:
    """Files of a chart: path inside it to content."""
    files = {
        path.relative_to(source.folder).as_posix(): path.read_bytes()
        for path in sorted(source.folder.rglob("*"))
        if path.is_file() and path.name not in (_OVERRIDES, ".helmignore")
    }
    for name, more in source.defaults.items():
        files[name] = yaml.safe_dump(_merged(yaml.safe_load(files[name]), more), sort_keys=False).encode()
    if source.ours:
        files |= _schemas(source)
    files |= {name: path.read_bytes() for name, path in source.added.items()} | source.generated
    chart = yaml.safe_load(files["Chart.yaml"])
    if chart["version"] != source.version:
        old = chart["version"]
        for name in [name for name in files if name.rpartition("/")[2] == "Chart.yaml"]:
            files[name] = _as_version(files[name], old, source.version)
        files["values.yaml"] = released_values(files["values.yaml"].decode(), old, source.version).encode()
    return files


def _as_version(text: bytes, old: str, new: str) -> bytes:
    """Return a Chart.yaml, and so its dependencies, with a release's version in place of the old one."""
    chart = yaml.safe_load(text)
    if chart["version"] != old:
        return text
    chart |= {"version": new, "appVersion": new}
    for entry in chart.get("dependencies") or []:
        entry["version"] = new if entry["version"] == old else entry["version"]
    return yaml.safe_dump(chart, sort_keys=False).encode()


def released_values(values: str, old: str, new: str) -> str:
    """Return a chart's values as its release would write them: the image's new tag, and no digest of the old one."""
    tagged = re.sub(rf"(?m)^(\s*tag:\s*){re.escape(old)}\s*$", rf"\g<1>{new}", values)
    return re.sub(r"(?m)^(\s*digest:\s*)sha256:[0-9a-f]{64}\s*$", r'\g<1>""', tagged)


def pack(source: Source) -> Package:
    """Pack a chart; owner, time and order of its files are fixed."""
    files = contents(source)
    metadata: Json = yaml.safe_load(files["Chart.yaml"])
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted(files, key=lambda item: (item != "Chart.yaml", item)):
            entry = tarfile.TarInfo(f"{metadata['name']}/{name}")
            entry.size, entry.mode = len(files[name]), 0o644
            archive.addfile(entry, io.BytesIO(files[name]))
    return Package(metadata, gzip.compress(raw.getvalue(), compresslevel=6, mtime=0))
