# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module eks_kubeconfig."""

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_kubeconfig
short_description: Write the kubeconfig of an EKS cluster
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors (@ai-on-eks)
description:
  - Writes a file of its own for one cluster, readable by its owner only. It never touches C(~/.kube/config).
  - The file holds no token; its user asks C(aws eks get-token) for one whenever it is needed, see also O(token_cache).
  - The name of the context is the ARN of the cluster, as C(aws eks update-kubeconfig) names it.
extends_documentation_fragment:
  - ai_on_eks.dynamo._attributes
  - ai_on_eks.dynamo._attributes.actiongroup_dynamo
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  cluster:
    description: Cluster facts, as M(ai_on_eks.dynamo.eks_cluster_info) returns them.
    type: dict
    required: true
  path:
    description: File to write.
    type: path
    required: true
  replace:
    description:
      - What to do when the file points at another API server than the facts do.
      - With V(false) that is an error, so that nothing is done to a wrong cluster; with V(true) the file is replaced.
    type: bool
    default: false
  aws_cli:
    description: The AWS CLI, by name or path.
    type: str
    default: aws
  token_cache:
    description:
      - Let the kubeconfig run the AWS CLI through a small program, written beside it, that keeps the token in a file
        of its owner until it is about to expire (a quarter of an hour).
      - Saves about a second in every call of kubectl, Helm and modules.
      - There is one file for each AWS identity, told apart by the environment (C(AWS_PROFILE), C(AWS_ACCESS_KEY_ID)).
        Whoever signs in as somebody else under the same profile is the former one until the token expires.
    type: bool
    default: true
seealso:
  - module: ai_on_eks.dynamo.eks_cluster_info
"""

EXAMPLES = r"""
- name: Write the kubeconfig
  ai_on_eks.dynamo.eks_kubeconfig:
    cluster: "{{ found.clusters[0] }}"
    path: ~/.local/state/ai_on_eks_dynamo/dynamo-on-eks/kubeconfig
"""

RETURN = r"""
path:
  description: The file.
  returned: success
  type: str
context:
  description: The context in it.
  returned: success
  type: str
  sample: arn:aws:eks:us-west-2:123456789012:cluster/dynamo-on-eks
server:
  description: The API server in it.
  returned: success
  type: str
"""

import inspect
import os
import sys
import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._cluster import (
    KubeconfigError,
    render,
    server_of,
    token_cache,
)

MODE = 0o600


def main() -> None:
    """Compare the file with the facts, and write it when it differs."""
    module = AnsibleModule(
        argument_spec={
            "cluster": {"type": "dict", "required": True},
            "path": {"type": "path", "required": True},
            "replace": {"type": "bool", "default": False},
            "aws_cli": {"type": "str", "default": "aws"},
            "token_cache": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    options = module.params
    cluster, path = options["cluster"], Path(options["path"])
    helper = path.absolute().with_name("eks_token.py") if options["token_cache"] else None
    try:
        result = bring(cluster, path, options["replace"], options["aws_cli"], helper, module.check_mode)
    except KubeconfigError as exc:
        module.fail_json(msg=str(exc))
    except OSError as exc:
        module.fail_json(msg=f"Failed to write {path}: {exc.strerror}. Choose a path that is writable.")
    module.exit_json(**result)


def bring(
    cluster: dict[str, t.Any], path: Path, replace: bool, aws_cli: str, helper: Path | None, check_mode: bool
) -> dict[str, t.Any]:
    """Bring the file, and the helper that keeps tokens if there shall be one, into their state.

    Raises:
        KubeconfigError: the file is damaged, or points at another API server and must not be replaced.
        OSError: it cannot be read or written.
    """
    wanted = render(cluster, aws_cli, [sys.executable, "-ES", str(helper)] if helper else [])
    present = read(path)
    context, server = cluster["context"], cluster["endpoint"]
    if present and not replace:
        found = server_of(present, context, str(path))
        if found != server:
            raise KubeconfigError(
                f"Failed to use {path}: it points at {found or 'another cluster'}, "
                f"but {cluster['name']} answers at {server}. Nothing was done. "
                "If the cluster was made anew, run install.yml, or remove the file and run again."
            )
    files = {path: wanted, **({helper: inspect.getsource(token_cache)} if helper else {})}
    stale = [file for file, text in files.items() if read(file) != text or file.stat().st_mode & 0o777 != MODE]
    changed = bool(stale)
    if not check_mode:
        for file in stale:
            write(file, files[file])
    result = {"changed": changed, "path": str(path), "context": context, "server": server}
    if changed:
        result["diff"] = {"before": present, "after": wanted, "before_header": str(path), "after_header": str(path)}
    return result


def read(path: Path) -> str:
    """Text of a file, "" when it does not exist."""
    return path.read_text(encoding="utf-8") if path.exists() else ""


def write(path: Path, text: str) -> None:
    """Put a file in place at once, for its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(path.name + ".new")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, MODE), "w", encoding="utf-8") as file:
        file.write(text)
    temporary.chmod(MODE)
    temporary.replace(path)


if __name__ == "__main__":
    main()
