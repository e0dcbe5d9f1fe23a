# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Action objects_absent: deletes objects and shows live progress, which a module cannot."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._cluster.aws import Aws
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._kube.client import KubeError, connect
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._objects import absent, blockers
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._objects.absent_client import DeletingCluster
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._objects.guards_client import GuardedCluster
from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._objects.release import Releaser

display = Display()

SELECTOR: dict[str, t.Any] = {
    "api_version": {"type": "str", "required": True},
    "kind": {"type": "str", "required": True},
    "namespace": {"type": "str", "default": ""},
    "name": {"type": "str", "default": ""},
    "label_selector": {"type": "str", "default": ""},
    "field_selector": {"type": "str", "default": ""},
    "annotations": {"type": "dict", "default": {}},
}
RELEASE: dict[str, t.Any] = {
    "cluster_name": {"type": "str", "required": True},
    "region": {"type": "str", "required": True},
    "after": {"type": "int", "default": 120},
}
ARGUMENTS: dict[str, t.Any] = {
    "kubeconfig": {"type": "path", "required": True},
    "context": {"type": "str", "required": True},
    "objects": {"type": "list", "elements": "dict", "required": True, "options": SELECTOR},
    "delete": {"type": "bool", "default": True},
    "propagation": {"type": "str", "choices": ["Background", "Foreground", "Orphan"], "default": "Background"},
    "timeout": {"type": "int", "default": 300},
    "release": {"type": "dict", "options": RELEASE},
    "hint": {
        "type": "str",
        "default": "Look at them with 'kubectl describe', and at the controller that owns the finalizer.",
    },
}


class ActionModule(ActionBase):  # type: ignore[misc]
    """Delete on the controller; see the documentation of the module."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> dict[str, t.Any]:
        """Run the task."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        del tmp
        _validation, options = self.validate_argument_spec(argument_spec=ARGUMENTS)
        selectors = [absent.Selector(**item) for item in options["objects"]]
        try:
            cluster, helper = reach(options)
            if self._task.check_mode:
                pairs = absent.find(cluster, selectors) if options["delete"] else []
                would = [absent.title(*pair) for pair in pairs]
                return {**result, **shown(absent.Result(deleted=would))}
            done = absent.remove(
                cluster,
                selectors,
                options["timeout"],
                delete=options["delete"],
                propagation=options["propagation"],
                helper=helper,
                say=lambda line: display.display(f"  {line}", color="cyan"),
            )
        except (KubeError, ImportError) as error:
            raise AnsibleActionFail(f"Failed to remove objects: {error}", result=result) from error
        result.update(shown(done))
        if done.remaining or done.problem:
            result.update(failed=True, msg=absent.explain(done, options["hint"]))
        return result


def reach(options: t.Mapping[str, t.Any]) -> tuple[DeletingCluster, Releaser | None]:
    """Return the cluster, and who looks behind objects that do not go, if anybody shall."""
    client = connect(options["kubeconfig"], options["context"])
    release = options["release"]
    if release is None:
        return DeletingCluster(client), None
    guarded = GuardedCluster(client, release["cluster_name"], Aws(release["region"]))
    return guarded, Releaser(guarded, float(release["after"]))


def shown(done: absent.Result) -> dict[str, t.Any]:
    """Return the result's fields."""
    return {
        "changed": bool(done.deleted or done.released),
        "deleted": done.deleted,
        "released": done.released,
        "remaining": done.remaining,
        "blockers": blockers.of(done),
        "seconds": round(done.seconds, 1),
    }
