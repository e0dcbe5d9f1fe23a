# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module support_bundle."""

from __future__ import annotations

DOCUMENTATION = r"""
module: support_bundle
short_description: Write what somebody else needs to see to help, without secrets
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors (@ai-on-eks)
description:
  - Writes objects, events, the ends of logs and versions of the named namespaces, and nodes, NodePools, NodeClaims,
    storage classes and webhooks of the cluster, into one archive that only its owner may read.
  - Secrets are listed by name and never read. Values of environment variables, keys and flags whose name sounds like a
    secret are removed, and so is everything that looks like a token, in objects and in logs.
  - Names of hosts, addresses, account numbers, and what applications wrote into their logs stay. Look at it before you
    give it to anybody.
  - What may not be read is told in C(problems.txt) of the archive and does not fail the module.
extends_documentation_fragment:
  - ai_on_eks.dynamo._attributes
  - ai_on_eks.dynamo._attributes.actiongroup_dynamo
  - ai_on_eks.dynamo._cluster
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - Every run writes the archive anew, since what it holds has changed.
options:
  path:
    description: Where to write the archive, a C(tar.gz). An older one is replaced, a missing folder is made.
    type: path
    required: true
  namespaces:
    description: Namespaces to read.
    type: list
    elements: str
    default: [dynamo-cloud, karpenter, kube-prometheus-stack, argocd]
  log_lines:
    description: How many lines to take from the end of each container's log.
    type: int
    default: 500
  notes:
    description: Further files by name, for example the facts of the cluster. They are cleaned as well.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Write a support bundle
  ai_on_eks.dynamo.support_bundle:
    kubeconfig: "{{ ai_on_eks_cluster.kubeconfig }}"
    context: "{{ ai_on_eks_cluster.context }}"
    path: ~/dynamo-support.tar.gz
"""

RETURN = r"""
path:
  description: The archive.
  returned: always
  type: str
  sample: /home/me/dynamo-support.tar.gz
files:
  description: How many files it holds, in check mode would hold.
  returned: always
  type: int
  sample: 84
problems:
  description: What could not be read.
  returned: always
  type: list
  elements: str
  sample: ["argocd: no such namespace"]
"""

import platform
import time
import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._bundle import archive, redact
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._bundle.collect import collect
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.client import KubeError, connect

ARGUMENTS: dict[str, t.Any] = {
    "kubeconfig": {"type": "path", "required": True},
    "context": {"type": "str", "required": True},
    "path": {"type": "path", "required": True},
    "namespaces": {
        "type": "list",
        "elements": "str",
        "default": ["dynamo-cloud", "karpenter", "kube-prometheus-stack", "argocd"],
    },
    "log_lines": {"type": "int", "default": 500},
    "notes": {"type": "dict", "default": {}},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    options = module.params
    path = Path(options["path"])
    try:
        bundle = collect(
            connect(options["kubeconfig"], options["context"]), options["namespaces"], options["log_lines"]
        )
    except KubeError as error:
        module.fail_json(msg=str(error))
    bundle.add(
        "versions/controller.json", {"ansible_core": module.ansible_version, "python": platform.python_version()}
    )
    for name, content in options["notes"].items():
        bundle.add(f"{name}.json", redact.clean({"content": content})["content"])
    if bundle.problems:
        bundle.add("problems.txt", "\n".join(bundle.problems))
    if not module.check_mode:
        try:
            archive.write(path, bundle.files, int(time.time()))
        except OSError as error:
            module.fail_json(msg=f"Failed to write the support bundle {path}: {error.strerror}. Name another path.")
    module.exit_json(changed=True, path=str(path), files=len(bundle.files), problems=bundle.problems)


if __name__ == "__main__":
    main()
