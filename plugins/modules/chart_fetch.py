# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module chart_fetch."""

from __future__ import annotations

DOCUMENTATION = r"""
module: chart_fetch
short_description: Make sure that Helm charts can be had, before anything is installed
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors (@ai-on-eks)
description:
  - Asks repositories for charts, all at the same time, and says of each one that cannot be had, why.
  - A repository that is down, a key that is not known (401), a key that may not read the chart (403), and a version
    that does not exist, with the nearest that do, are told apart.
  - Fetches a chart that is pinned by its digest, or that needs a key, to O(directory), and refuses another digest. The
    key goes to Helm in a file that only this user can read, and that is gone afterwards.
  - Asks again when a repository is down or busy.
extends_documentation_fragment:
  - ai_on_eks.dynamo._attributes
  - ai_on_eks.dynamo._attributes.actiongroup_dynamo
attributes:
  check_mode:
    support: full
    details:
      - Fetches in check mode too, for a fetched chart changes nothing but this cache.
  diff_mode:
    support: N/A
    details:
      - Reports no change; O(directory) is a cache.
  idempotent:
    support: full
    details:
      - A fetched chart of the right digest is not fetched again.
options:
  charts:
    description: The charts.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name for messages and for the result.
        type: str
        required: true
      ref:
        description: Address in an OCI registry (C(oci://)), name in the repository at O(charts[].url), or path.
        type: str
        required: true
      url:
        description: Address of a classic repository; empty for an OCI registry.
        type: str
        default: ""
      version:
        description: Version of the chart.
        type: str
        required: true
      digest:
        description: SHA-256 of the packed chart (C(.tgz)) in hexadecimal, with or without C(sha256:); empty for any.
        type: str
        default: ""
      username:
        description: User of the repository.
        type: str
        default: ""
      password:
        description: Key of the repository; empty when it needs none.
        type: str
        default: ""
      version_setting:
        description: Variable that sets the version, for messages.
        type: str
        default: ""
      key_setting:
        description: Variable that sets the key, for messages.
        type: str
        default: ""
  directory:
    description: Where fetched charts are kept.
    type: path
    required: true
  installed:
    description:
      - Charts that are installed already, as C(helm list) names them, for example C(karpenter-1.15.0).
      - They are not asked for again, unless they are pinned or need a key.
    type: list
    elements: str
    default: []
  binary:
    description: Helm.
    type: str
    default: helm
  timeout:
    description: Seconds that one question may take.
    type: int
    default: 60
  retries:
    description: How often to ask again when a repository is down or busy.
    type: int
    default: 2
"""

EXAMPLES = r"""
- name: Make sure that the chart can be had
  ai_on_eks.dynamo.chart_fetch:
    directory: ~/.cache/charts
    charts:
      - name: karpenter
        ref: oci://public.ecr.aws/karpenter/karpenter
        version: 1.15.0
        version_setting: karpenter_gpu_version
  register: charts

- name: Install it
  kubernetes.core.helm:
    name: karpenter
    namespace: karpenter
    chart_ref: "{{ charts.charts.karpenter.ref }}"
    chart_repo_url: "{{ charts.charts.karpenter.url | default(omit, true) }}"
    chart_version: 1.15.0
"""

RETURN = r"""
charts:
  description: Name of a chart to where C(kubernetes.core.helm) finds it; C(ref) is a path when the chart was fetched.
  returned: success
  type: dict
  sample:
    karpenter:
      ref: oci://public.ecr.aws/karpenter/karpenter
      url: ""
      version: 1.15.0
      fetched: false
"""

import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._charts.chart import Chart
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._charts.helm import ChartError, Helm, find_helm

ARGUMENTS: dict[str, t.Any] = {
    "charts": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "ref": {"type": "str", "required": True},
            "url": {"type": "str", "default": ""},
            "version": {"type": "str", "required": True},
            "digest": {"type": "str", "default": ""},
            "username": {"type": "str", "default": ""},
            "password": {"type": "str", "default": "", "no_log": True},
            "version_setting": {"type": "str", "default": ""},
            "key_setting": {"type": "str", "default": "", "no_log": False},
        },
    },
    "directory": {"type": "path", "required": True},
    "installed": {"type": "list", "elements": "str", "default": []},
    "binary": {"type": "str", "default": "helm"},
    "timeout": {"type": "int", "default": 60},
    "retries": {"type": "int", "default": 2},
}

_AT_ONCE = 8


def obtain_all(
    helm: Helm, charts: t.Sequence[Chart], directory: Path, installed: t.Collection[str]
) -> tuple[dict[str, dict[str, t.Any]], list[str]]:
    """Make sure that all charts can be had; return where they are, and what is wrong."""

    def obtain(chart: Chart) -> dict[str, t.Any] | str:
        path = None
        if not chart.local and (chart.sha256 or chart.password or not chart.is_one_of(installed)):
            try:
                path = helm.obtain(chart, directory)
            except ChartError as error:
                return str(error)
        return {
            "ref": str(path or chart.ref),
            "url": "" if path else chart.url,
            "version": chart.version,
            "fetched": path is not None,
        }

    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        results = list(pool.map(obtain, charts))
    found = {chart.name: result for chart, result in zip(charts, results) if not isinstance(result, str)}
    return found, [result for result in results if isinstance(result, str)]


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    charts = [Chart(**item) for item in module.params["charts"]]
    try:
        helm = Helm(
            find_helm(module.params["binary"]), timeout=module.params["timeout"], retries=module.params["retries"]
        )
    except ChartError as error:
        module.fail_json(msg=str(error))
    else:
        found, wrong = obtain_all(helm, charts, Path(module.params["directory"]), module.params["installed"])
        if wrong:
            module.fail_json(msg=" ".join(dict.fromkeys(wrong)))
        module.exit_json(changed=False, charts=found)


if __name__ == "__main__":
    main()
