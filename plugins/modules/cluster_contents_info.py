# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module cluster_contents_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_contents_info
short_description: See what is inside a cluster that a cleanup has to do with
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors (@ai-on-eks)
description:
  - Lists graphs, Applications, what has a load balancer, volumes with their storage in AWS, Karpenter's objects and
    Helm's releases, in one call.
  - An API server that does not answer is an answer too. One that refuses is a failure.
extends_documentation_fragment:
  - ai_on_eks.dynamo._attributes
  - ai_on_eks.dynamo._attributes.info_module
  - ai_on_eks.dynamo._attributes.actiongroup_dynamo
  - ai_on_eks.dynamo._cluster
options:
  timeout:
    description: Seconds in which the API server must answer.
    type: int
    default: 30
"""

EXAMPLES = r"""
- name: See what a cleanup would take
  ai_on_eks.dynamo.cluster_contents_info:
    kubeconfig: "{{ ai_on_eks_cluster.kubeconfig }}"
    context: "{{ ai_on_eks_cluster.context }}"
"""

RETURN = r"""
reachable:
  description: Whether the API server answers.
  returned: always
  type: bool
problem:
  description: Why it does not.
  returned: always
  type: str
objects:
  description: Names by kind, as C(namespace/name) or C(name).
  returned: always
  type: dict
  sample: {DynamoGraphDeployment: [dynamo-cloud/vllm]}
volumes:
  description: Volumes, with what they are in AWS. C(kept) tells that their storage stays when the claim goes.
  returned: always
  type: list
  elements: dict
  sample:
    - {name: pvc-1, claim: dynamo-cloud/data-nats-0, namespace: dynamo-cloud, size: 10Gi, driver: ebs.csi.aws.com,
       handle: vol-0a1b, kept: false}
problems:
  description: Kinds that the API server could not list.
  returned: always
  type: list
  elements: str
releases:
  description: Helm's releases.
  returned: always
  type: list
  elements: dict
  sample: [{namespace: karpenter, name: karpenter}]
"""

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.client import (
    METADATA_ONLY,
    Client,
    KubeError,
    connect,
)
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._objects.absent_client import DeletingCluster
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._teardown import contents

# Seconds between two attempts.
INTERVAL = 2.0
NOTHING: dict[str, t.Any] = {"objects": {}, "volumes": [], "releases": [], "problems": []}


class Surveyed(DeletingCluster):
    """A cluster that is looked at."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self._records = client

    def releases(self) -> list[dict[str, t.Any]]:
        """List Helm's releases by their records' labels; the records themselves never leave the API server."""
        found = self._records.get("/api/v1/secrets", {"labelSelector": "owner=helm"}, METADATA_ONLY)
        return contents.release_rows(found.get("items") or [])


def look(kubeconfig: str, context: str, timeout: float) -> dict[str, t.Any]:
    """Return what is there, or why the API server does not answer. Raises KubeError when it refuses."""
    start = time.monotonic()
    while True:
        try:
            client = connect(kubeconfig, context)
            client.get("/version")
            found = contents.survey(Surveyed(client))
        except KubeError as error:
            # Without a status no answer came; from 500 on it is not able to give one.
            if 0 < error.status < 500:
                raise
            if time.monotonic() - start >= timeout:
                return {**NOTHING, "reachable": False, "problem": str(error)}
            time.sleep(INTERVAL)
        else:
            return {**found, "reachable": True, "problem": ""}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "kubeconfig": {"type": "path", "required": True},
            "context": {"type": "str", "required": True},
            "timeout": {"type": "int", "default": 30},
        },
        supports_check_mode=True,
    )
    try:
        found = look(module.params["kubeconfig"], module.params["context"], module.params["timeout"])
    except KubeError as error:
        module.fail_json(msg=f"Failed to look into the cluster: {error}")
    else:
        module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
