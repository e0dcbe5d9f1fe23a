# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter probe_report."""

from __future__ import annotations

DOCUMENTATION = r"""
name: probe_report
short_description: Make one report of the results of several probes
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors
description:
  - Writes the results of M(ai_on_eks.dynamo.openai_probe) as one HTML page, one JUnit file or one JSON document.
  - The page needs no other file and runs nothing. The JUnit file has one suite for each probe.
positional: _input, form
options:
  _input:
    description: >-
      Results of M(ai_on_eks.dynamo.openai_probe), or reports in JSON that were read. A single one that is no list
      becomes the report that the module itself writes.
    type: raw
    required: true
  form:
    description: What to make.
    type: str
    choices: [html, junit, json]
    required: true
  title:
    description: Name of the whole.
    type: str
    default: Endpoints
"""

EXAMPLES = r"""
- name: Probe several endpoints
  ai_on_eks.dynamo.openai_probe:
    url: "{{ item }}"
    fail_on_failure: false
  loop: "{{ endpoints }}"
  register: probes

- name: Keep one page of all
  ansible.builtin.copy:
    dest: reports/endpoints.html
    content: "{{ probes.results | ai_on_eks.dynamo.probe_report('html', title='Our endpoints') }}"
    mode: "0644"
"""

RETURN = r"""
_value:
  description: The report. Its parts are described in C(docs/probe.md) and C(docs/report.schema.json) of the collection.
  type: str
"""

import json
import typing as t
from collections.abc import Callable, Mapping, Sequence

from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.plain import plain
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe import report
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._probe.page import html

FORMS = ("html", "junit", "json")


def probe_report(results: object, form: str, title: str = "Endpoints") -> str:
    """Make a report; see DOCUMENTATION."""
    if form not in FORMS:
        raise AnsibleFilterError(f"probe_report makes {', '.join(FORMS)}; got {form!r}.")
    alone = isinstance(results, Mapping)
    listed = [results] if alone else results
    if not isinstance(listed, Sequence) or not all(isinstance(entry, Mapping) for entry in listed):
        raise AnsibleFilterError(f"probe_report needs a list of results; got {type(results).__name__}.")
    try:
        reports = [report.plain(plain(entry)) for entry in listed]
    except ValueError as error:
        raise AnsibleFilterError(f"probe_report cannot use one of the results: {error}.") from error
    name = reports[0]["title"] if alone else title
    if form == "html":
        return html(*reports, title=name)
    if form == "junit":
        return report.junit(*reports, title=name)
    return json.dumps(reports[0] if alone else report.together(reports, title), indent=2, ensure_ascii=False) + "\n"


class FilterModule:
    """The collection's filter probe_report."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Name of the filter and the function behind it."""
        return {"probe_report": probe_report}
