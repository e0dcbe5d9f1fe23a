# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lookup graph_definition."""

from __future__ import annotations

DOCUMENTATION = r"""
name: graph_definition
short_description: Read the definition of a graph, and say in which line it is wrong
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors (@ai-on-eks)
description:
  - Reads YAML files with definitions of graphs and compares them with the role's C(files/example.schema.json).
  - Everything that is wrong is said at once, each with its line.
options:
  _terms:
    description:
      - Paths. A relative one counts from where C(ansible-playbook) was started, else from the playbook's directory.
      - A leading C(@) is ignored.
    required: true
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: Show a definition
  ansible.builtin.debug:
    msg: "{{ lookup('ai_on_eks.dynamo.graph_definition', 'my.yml') }}"
"""

RETURN = r"""
_list:
  description: The definitions.
  type: list
  elements: dict
"""

import re
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.ai_on_eks.dynamo.plugins.filter.to_graph import schema
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph import yaml_lines
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.definition import faults

_PATH = re.compile(r"^[A-Za-z_][A-Za-z0-9_.\[\]-]*")


class LookupModule(LookupBase):  # type: ignore[misc]
    """The collection's lookup graph_definition."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        """Read; see DOCUMENTATION."""
        self.set_options(var_options=variables, direct=kwargs)
        base = str((variables or {}).get("playbook_dir") or ".")
        return [self._read(str(term).removeprefix("@"), base) for term in terms]

    def _read(self, name: str, base: str) -> dict[str, Any]:
        given = Path(name).expanduser()
        found = next((path for path in (Path.cwd() / given, Path(base) / given) if path.is_file()), None)
        if found is None:
            raise AnsibleLookupError(
                f"Failed to read {name}: there is no such file, neither in {Path.cwd()} nor in {base}. Give the path "
                "of a YAML file (graph=my.yml)."
            )
        try:
            data, tree = yaml_lines.load(found.read_text(encoding="utf-8"))
        except yaml_lines.YamlError as error:
            where = f"{name}, line {error.line}" if error.line else name
            raise AnsibleLookupError(f"Failed to read {where}: {error}. Correct the YAML and run again.") from error
        except (OSError, UnicodeDecodeError) as error:
            raise AnsibleLookupError(f"Failed to read {name}: {error}. Check the file.") from error
        if isinstance(data, dict) and data.get("kind") == "DynamoGraphDeployment":
            raise AnsibleLookupError(
                f"Failed to read {name}: it is a manifest of Kubernetes, which kubectl apply takes as it is; a "
                "definition is independent of the Dynamo version. docs/models.md shows one."
            )
        said = [self._located(fault, tree) for fault in faults(data, schema())]
        if said:
            raise AnsibleLookupError(f"Failed to read {name}: {'; '.join(said)}. Correct it and run again.")
        return dict(data)

    @staticmethod
    def _located(fault: str, tree: Any) -> str:
        """Put the line before a fault that begins with a path."""
        path = _PATH.match(fault)
        line = yaml_lines.line_of(tree, path.group()) if path and path.group() not in ("the",) else 0
        return f"line {line}: {fault}" if line else fault
