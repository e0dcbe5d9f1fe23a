# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""From the text of a *.tfvars or *.tfvars.json file to plain Python values."""

from __future__ import annotations

import json
import re
import traceback
import typing as t
from pathlib import Path

try:
    import hcl2
    from lark.exceptions import LarkError
except ImportError:
    HCL2_ERROR: str | None = traceback.format_exc()
else:
    HCL2_ERROR = None

# ${...} and %{...} are templates; a doubled first character ($${, %%{) writes the two characters as they are.
_TEMPLATE = re.compile(r"(?<![$%])[$%]\{")
_ESCAPED = re.compile(r"([$%])\1\{")


class TfvarsError(ValueError):
    """A variable file that cannot be read. The message names file, line and what to write instead."""


def hcl2_missing() -> str | None:
    """Return the traceback of the failed import of python-hcl2, None when it is there."""
    return HCL2_ERROR


def read_file(path: str) -> dict[str, t.Any]:
    """Return the variables of one file.

    A name that ends in .json is read as JSON, any other as HCL.

    Raises:
        TfvarsError: the file is missing, unreadable, not well-formed, or holds more than plain values.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError as exc:
        raise TfvarsError(f"Failed to read {path}: there is no such file. Check the path.") from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise TfvarsError(f"Failed to read {path}: {exc}. Make it a readable UTF-8 text file.") from exc
    return read_text(text, path)


def read_text(text: str, path: str) -> dict[str, t.Any]:
    """Return the variables of a file's text; `path` decides the syntax and is named in errors."""
    return _read_json(text, path) if path.endswith(".json") else _read_hcl(text, path)


def merge_files(paths: t.Sequence[str]) -> dict[str, t.Any]:
    """Return the variables of several files; a later file wins, variable by variable, as in Terraform."""
    merged: dict[str, t.Any] = {}
    for path in paths:
        merged.update(read_file(path))
    return merged


def _read_json(text: str, path: str) -> dict[str, t.Any]:
    try:
        values = json.loads(text)
    except json.JSONDecodeError as exc:
        raise TfvarsError(f"Failed to read {path}:{exc.lineno}: {exc.msg}. Write valid JSON.") from exc
    if not isinstance(values, dict):
        raise TfvarsError(f"Failed to read {path}:1: the file holds a {type(values).__name__}. Write one JSON object.")
    return values


def _read_hcl(text: str, path: str) -> dict[str, t.Any]:
    if HCL2_ERROR is not None:
        raise TfvarsError(
            f"Failed to read {path}: the Python package python-hcl2 is missing. Install it: pip install python-hcl2."
        )
    options = hcl2.SerializationOptions(
        strip_string_quotes=True, preserve_heredocs=False, with_comments=False, preserve_scientific_notation=False
    )
    try:
        # The grammar wants a newline after the last value; editors do not always write one.
        parsed = hcl2.loads(text + "\n", serialization_options=options)
    except LarkError as exc:
        line = _error_line(exc, text)
        shown = text.splitlines()[line - 1].strip() if 0 < line <= len(text.splitlines()) else ""
        raise TfvarsError(
            f"Failed to read {path}:{line}: not valid HCL near '{shown}'. Write lines like name = \"value\"."
        ) from exc
    values = {}
    for name, value in parsed.items():
        if not re.fullmatch(r"[A-Za-z_][\w-]*", name):
            continue
        line = _line_of(name, text)
        if _is_block(value):
            raise TfvarsError(f"Failed to read {path}:{line}: '{name}' is a block. Write '{name} = {{ ... }}' instead.")
        values[name] = _plain(value, name, f"{path}:{line}")
    return values


def _error_line(exc: Exception, text: str) -> int:
    line = getattr(exc, "line", None)
    return line if isinstance(line, int) and line > 0 else max(1, len(text.splitlines()))


def _line_of(name: str, text: str) -> int:
    found = re.search(rf"^[ \t]*{re.escape(name)}[ \t]*[={{\"]", text, flags=re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def _is_block(value: t.Any) -> bool:
    """Tell a block (never legal in a variable file) from a list: the parser marks blocks, below one level per label."""
    return isinstance(value, list) and any(_is_marked(item) for item in value)


def _is_marked(value: t.Any) -> bool:
    return isinstance(value, dict) and ("__is_block__" in value or any(_is_marked(item) for item in value.values()))


def _plain(value: t.Any, name: str, place: str) -> t.Any:
    """Return the value with escapes undone; raise on what only Terraform could evaluate."""
    if isinstance(value, str):
        if _TEMPLATE.search(value):
            raise TfvarsError(
                f"Failed to read {place}: the value of '{name}' is the expression {value}. "
                "Write a plain value; variable files cannot compute."
            )
        return _ESCAPED.sub(r"\1{", value)
    if isinstance(value, list):
        return [_plain(item, name, place) for item in value]
    if isinstance(value, dict):
        return {_plain(key, name, place): _plain(item, name, place) for key, item in value.items()}
    return value
