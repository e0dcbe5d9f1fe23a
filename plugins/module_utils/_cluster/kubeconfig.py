# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The kubeconfig of one cluster. It holds no token: kubectl and the Python client ask the AWS CLI for one."""

from __future__ import annotations

import json
import typing as t


class KubeconfigError(ValueError):
    """A kubeconfig that cannot be read, or facts that make none."""


def render(facts: t.Mapping[str, t.Any], aws_cli: str = "aws", through: t.Sequence[str] = ()) -> str:
    """Return the text of a kubeconfig with one cluster, one user and one context, the current one.

    Args:
        facts: cluster facts; name, region, endpoint, ca and context are used.
        aws_cli: program that `eks get-token` is asked of.
        through: command and first arguments of a program that runs it, [] to run it directly.

    Raises:
        KubeconfigError: the facts have no endpoint or certificate authority (the cluster is still being made).
    """
    lacking = [name for name in ("name", "region", "endpoint", "ca", "context") if not facts.get(name)]
    if lacking:
        raise KubeconfigError(
            f"Failed to make a kubeconfig for {facts.get('name') or 'the cluster'}: "
            f"its facts have no {', '.join(lacking)}. Wait until EKS says that the cluster is ACTIVE."
        )
    context = facts["context"]
    asking = [aws_cli, "--region", facts["region"], "eks", "get-token", "--cluster-name", facts["name"]]
    command = [*through, *asking, "--output", "json"]
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {},
        "current-context": context,
        "clusters": [
            {"name": context, "cluster": {"server": facts["endpoint"], "certificate-authority-data": facts["ca"]}}
        ],
        "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
        "users": [
            {
                "name": context,
                "user": {
                    "exec": {
                        "apiVersion": "client.authentication.k8s.io/v1beta1",
                        "command": command[0],
                        "args": command[1:],
                        "env": None,
                        "interactiveMode": "Never",
                        "provideClusterInfo": False,
                    }
                },
            }
        ],
    }
    return str(_yaml().safe_dump(config, sort_keys=False, width=4096))


def server_of(text: str, context: str, path: str) -> str:
    """Return the API server that a context of a kubeconfig points at, "" when it has no such context.

    Args:
        text: of the kubeconfig.
        context: name of the context.
        path: of the file, for messages.

    Raises:
        KubeconfigError: the text is no kubeconfig.
    """
    yaml = _yaml()
    try:
        config = yaml.safe_load(text) or {}
        contexts = {item["name"]: item["context"]["cluster"] for item in config.get("contexts") or []}
        servers = {item["name"]: item["cluster"]["server"] for item in config.get("clusters") or []}
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as exc:
        cause = json.dumps(str(exc).splitlines()[0] if str(exc) else type(exc).__name__)
        raise KubeconfigError(
            f"Failed to read {path}: it is no kubeconfig ({cause}). Move it away and run again."
        ) from exc
    return str(servers.get(contexts.get(context, ""), ""))


def _yaml() -> t.Any:
    """Return PyYAML; the kubernetes package needs it too."""
    try:
        import yaml
    except ImportError as exc:
        raise KubeconfigError(
            f"Failed to import the Python package PyYAML: {exc}. Install it for the interpreter that runs this task."
        ) from exc
    return yaml
