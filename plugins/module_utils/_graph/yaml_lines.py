# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Read YAML, and remember in which line each value stands. Runs on the controller, where PyYAML is."""

from __future__ import annotations

import re
import typing as t

_STEP = re.compile(r"^(?:\.?(?P<key>[^.\[\]]+)|\[(?P<index>\d+)\])")


class YamlError(ValueError):
    """Text that is no YAML; `line` counts from 1, 0 where it is not known."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def load(text: str) -> tuple[t.Any, t.Any]:
    """Return the data of one document, and the tree that knows the lines."""
    import yaml

    try:
        return yaml.safe_load(text), yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        words = ", ".join(part for part in (error.context, error.problem) if part)
        raise YamlError(words or "it is no YAML", mark.line + 1 if mark else 0) from error
    except yaml.YAMLError as error:
        raise YamlError(str(error).splitlines()[0], 0) from error


def line_of(tree: t.Any, path: str) -> int:
    """Return the line of what a path like components[1].resources.gpu leads to, or of the nearest thing above it."""
    import yaml

    node, line, rest = tree, 0, path
    while node is not None:
        step = _STEP.match(rest)
        if not step:
            break
        found = None
        if step["key"] is not None and isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == step["key"]), None)
        elif step["index"] is not None and isinstance(node, yaml.SequenceNode) and int(step["index"]) < len(node.value):
            found = (node.value[int(step["index"])],) * 2
        if found is None:
            break
        line = found[0].start_mark.line + 1
        node, rest = found[1], rest[step.end() :]
    return line
