# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""How one container runs on this machine: command, environment, directory and ports. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rehearsal.nodes import addresses, images
from rehearsal.nodes.config import AgentConfig
from rehearsal.nodes.pods import environment, paths, volumes

Json = dict[str, Any]
SERVICE_ACCOUNT_DIR = "/var/run/secrets/kubernetes.io/serviceaccount"


@dataclass(frozen=True)
class Plan:
    """A container, ready to start."""

    argv: list[str]
    env: dict[str, str]
    cwd: Path
    ports: dict[int, int]
    path_map: paths.PathMap

    def rewrite(self, words: Sequence[str]) -> list[str]:
        """Rewrite paths and local addresses in a command that runs in the container (a probe, a hook)."""
        return [paths.addresses(word, self.ports) for word in self.path_map.rewrite_all(words)]


@dataclass(frozen=True)
class Place:
    """Directories of a pod and of what it shares."""

    pod_dir: Path
    claims_dir: Path
    namespace: str

    def root_of(self, container: str) -> Path:
        """The directory that stands for a container's own file system."""
        return self.pod_dir / "containers" / container


def wanted_ports(container: Json, values: Mapping[str, str], how: images.Recipe) -> list[int]:
    """Return the ports a container may listen on: declared, named by a variable, or known of its image."""
    declared = [int(port["containerPort"]) for port in container.get("ports") or []]
    variables = [values.get(name, "") for name in how.port_variables]
    return sorted({*declared, *how.ports, *(int(value) for value in variables if value.isdigit())})


def mounts(container: Json, pod_spec: Json, place: Place, values: Mapping[str, str]) -> dict[str, Path]:
    """Return the container's mounts: path in the container → path on this machine."""
    where = {
        volume["name"]: volumes.directory(volume, place.pod_dir, place.claims_dir, place.namespace)
        for volume in pod_spec.get("volumes") or []
    }
    result: dict[str, Path] = {"/tmp": place.root_of(container["name"]) / "tmp"}  # noqa: S108 - the container's own
    for mount in container.get("volumeMounts") or []:
        sub = mount.get("subPath") or environment.expand(str(mount.get("subPathExpr") or ""), values)
        if mount["name"] in where:
            result[str(mount["mountPath"])] = where[mount["name"]] / sub if sub else where[mount["name"]]
    return result


def kubeconfig(config: AgentConfig, account_dir: Path, namespace: str) -> str:
    """Return a kubeconfig that uses the pod's own token, read anew for every request (JSON is YAML)."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "pod", "cluster": {"server": config.server, "certificate-authority": str(config.ca_file)}}
            ],
            "users": [{"name": "pod", "user": {"tokenFile": str(account_dir / "token")}}],
            "contexts": [{"name": "pod", "context": {"cluster": "pod", "user": "pod", "namespace": namespace}}],
            "current-context": "pod",
        },
        indent=1,
    )


def surroundings(pod: Json, root: Path, config: AgentConfig) -> dict[str, str]:
    """Return the variables that a container finds whatever its spec says."""
    server = urlsplit(config.server)
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(root / "home"),
        "TMPDIR": str(root / "tmp"),
        "HOSTNAME": pod["metadata"]["name"],
        "KUBERNETES_SERVICE_HOST": str(server.hostname),
        "KUBERNETES_SERVICE_PORT": str(server.port),
        "KUBERNETES_PORT": f"tcp://{server.hostname}:{server.port}",
        "AWS_ENDPOINT_URL": config.aws_endpoint,
        "AWS_REGION": config.region,
        # nodes give pods no instance metadata (hop limit 1)
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def build(
    container: Json,
    sources: environment.Sources,
    how: images.Recipe,
    place: Place,
    local: Mapping[int, int],
    identity: Mapping[str, str],
    config: AgentConfig,
    services: Mapping[tuple[str, int], int] | None = None,
) -> Plan:
    """Put a container's plan together.

    Args:
        container: from the pod's spec.
        sources: what its environment refers to.
        how: how its image is run.
        place: directories of the pod.
        local: the pod's ports and the local port of each.
        identity: variables of Pod Identity.
        config: the node agent's.
        services: (name, port) of the Services that the container's environment and command name, and the local port
            that leads to each.

    Raises:
        ConfigurationError: when something that is not optional is missing.
    """
    pod = sources.pod
    root = place.root_of(container["name"])
    values = environment.resolve(container, sources)
    command, args = environment.command_line(container, values)
    mounted = mounts(container, pod["spec"], place, values)
    path_map = paths.PathMap.of({**images.roots(how, config), **mounted})
    words = path_map.rewrite_all([*command, *args])
    own = {key: path_map.rewrite(value) for key, value in values.items()}
    reach = services or {}
    if how.kind in ("dynamo", "argocd", "python"):
        words = [addresses.rewrite(word, reach) for word in words]
        own = {key: addresses.rewrite(value, reach) for key, value in own.items()}
    launch = images.launch(how, pod, container["name"], words, config)
    for name in how.port_variables:
        if own.get(name, "").isdigit():
            own[name] = str(local.get(int(own[name]), int(own[name])))
    env = {**surroundings(pod, root, config), **launch.env, **own, **identity}
    env["REHEARSAL_PORTS"] = json.dumps({str(port): other for port, other in sorted(local.items())})
    if how.kind == "operator":
        # it hands the names on to others, so it gets them as they are and looks up here what it calls itself
        env["REHEARSAL_ADDRESSES"] = json.dumps(
            {f"{host}:{port}": f"127.0.0.1:{other}" for (host, port), other in sorted(reach.items())}
        )
    if how.kind in ("etcd", "nats"):
        env["REHEARSAL_PATHS"] = json.dumps(path_map.pairs)
    if SERVICE_ACCOUNT_DIR in mounted and "KUBECONFIG" not in values:
        env["KUBECONFIG"] = str(root / "kubeconfig")
    argv = paths.bind_addresses(launch.argv, local)
    working = str(container.get("workingDir") or "")
    cwd = path_map.local(working) if working else None
    if cwd is None or not cwd.is_dir():
        cwd = root / "root" / working.strip("/")
    return Plan(argv, env, cwd, dict(local), path_map)
