# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The image table: which container images are run as local processes, which only pretend, which cannot be pulled."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal.nodes import monitoring
from rehearsal.nodes.config import AgentConfig
from rehearsal.nodes.runtime import commands

_REFERENCE = re.compile(
    r"^(?P<repository>(?:[a-zA-Z0-9.-]+(?::\d+)?/)?[a-z0-9][a-z0-9._-]*(?:/[a-z0-9][a-z0-9._-]*)*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?$"
)

# Releases before 1.0 are run as the only one of them that is kept: 0.4.1.
OLD = "0.4"
_OLD_TAG = re.compile(r"v?0\.\d+(\D|$)")

_DYNAMO_RUNTIMES = ("vllm-runtime", "sglang-runtime", "tensorrtllm-runtime", "dynamo-frontend", "dynamo-planner")

# Bytes of images, about as large as they are (compressed, as a kubelet tells it).
_SIZES = {
    "vllm-runtime": 12_300_000_000,
    "sglang-runtime": 14_100_000_000,
    "tensorrtllm-runtime": 18_600_000_000,
    "dynamo-frontend": 410_000_000,
}
_SIZE = 60_000_000

# Published once, gone since: old charts still name them. (repository, pattern of the tag)
_GONE = (
    ("bitnami/etcd", r".*-debian-.*"),
    ("bitnami/kubectl", r".*"),
    ("kubebuilder/kube-rbac-proxy", r".*"),
)
_ETCD = ("bitnamilegacy/etcd", "bitnami/etcd")
# The one place that still serves the last of these.
_STILL_SERVED = ("registry.k8s.io/",)

# Environment variables and container ports that hold listening ports of the images below.
DYNAMO_PORT_VARIABLES = (
    "DYN_HTTP_PORT",
    "DYNAMO_PORT",
    "DYN_SYSTEM_PORT",
    "DYN_FORWARDPASS_METRIC_PORT",
    "NIXL_TELEMETRY_PROMETHEUS_PORT",
    "PLANNER_PROMETHEUS_PORT",
)
_DYNAMO_HTTP_PORT = 8000
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_KARPENTER_PORT_VARIABLES = ("METRICS_PORT", "HEALTH_PROBE_PORT")


@dataclass(frozen=True)
class Reference:
    """An image reference, taken apart."""

    repository: str
    tag: str
    digest: str

    @property
    def name(self) -> str:
        """The last component of the repository."""
        return self.repository.rpartition("/")[2]

    def is_under(self, suffix: str) -> bool:
        """Tell whether the repository is this one, in whatever registry or pull-through cache."""
        return self.repository == suffix or self.repository.endswith("/" + suffix)


def parse(text: str) -> Reference | None:
    """Take an image reference apart; None when it is not one (reason InvalidImageName)."""
    match = _REFERENCE.match(text)
    if not match:
        return None
    return Reference(match["repository"], match["tag"] or ("" if match["digest"] else "latest"), match["digest"] or "")


@dataclass(frozen=True)
class Recipe:
    """How to run an image's containers here."""

    kind: str  # karpenter | operator | prometheus | dynamo | etcd | nats | argocd | redis | python
    port_variables: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()  # ports that the image listens on without declaring them
    age: str = ""  # of Dynamo: OLD or the present one
    needs: tuple[str, ...] = ()  # what bootstrap makes on demand


@dataclass(frozen=True)
class Launch:
    """A command with what its image brings along."""

    argv: list[str]
    env: dict[str, str] = field(default_factory=dict)


def recipe(image: str) -> Recipe | None:
    """Return how an image is run; None for one that only pretends to run."""
    reference = parse(image)
    if reference is None:
        return None
    if reference.is_under("karpenter/controller"):
        return Recipe("karpenter", _KARPENTER_PORT_VARIABLES)
    age = OLD if _OLD_TAG.match(reference.tag) else ""
    if reference.is_under("ai-dynamo/kubernetes-operator"):
        # where it listens unless told otherwise
        return Recipe("operator", ports=(8080, 8081), age=OLD) if age == OLD else Recipe("operator")
    if reference.is_under("prometheus-operator/prometheus-operator"):
        return Recipe("prometheus")
    if any(reference.is_under(f"ai-dynamo/{name}") for name in _DYNAMO_RUNTIMES):
        needs = ("dynamo-0.4",) if age == OLD else ()
        return Recipe("dynamo", DYNAMO_PORT_VARIABLES, (_DYNAMO_HTTP_PORT,), age, needs)
    if any(reference.is_under(name) for name in _ETCD):
        return Recipe("etcd")
    if reference.repository in ("nats", "docker.io/nats", "docker.io/library/nats"):
        return Recipe("nats", needs=("nats-server",))
    if reference.is_under("library/python"):
        # whatever asks for it here wants aiperf from PyPI, which is there already
        return Recipe("python", needs=("aiperf",))
    if reference.is_under("argoproj/argocd"):
        return Recipe("argocd", needs=("argocd",))
    if reference.is_under("library/redis"):
        # Argo CD's is the only one that something asks
        return Recipe("redis", needs=("argocd",))
    return next(
        (
            Recipe(kind, ports=monitoring.PORTS.get(kind, ()), needs=monitoring.NEEDS.get(kind, ()))
            for suffix, kind in monitoring.IMAGES.items()
            if reference.is_under(suffix)
        ),
        None,
    )


def size(image: str) -> int:
    """Return how many bytes an image is said to have."""
    reference = parse(image)
    return _SIZES.get(reference.name, _SIZE) if reference is not None else _SIZE


def pull_problem(image: str) -> str | None:
    """Return why an image cannot be pulled, in containerd's words; None when it can."""
    reference = parse(image)
    if reference is None:
        return f'couldn\'t parse image name "{image}": invalid reference format'
    for repository, tags in _GONE:
        served = reference.repository.startswith(_STILL_SERVED)
        if reference.is_under(repository) and not served and re.fullmatch(tags, reference.tag):
            return (
                f'rpc error: code = NotFound desc = failed to pull and unpack image "{image}": '
                f'failed to resolve reference "{image}": {image}: not found'
            )
    return None


SERVERS: dict[str, Callable[[AgentConfig], Path]] = {
    "etcd": lambda config: config.bin_dir / "etcd",
    "nats": lambda config: config.on_demand("nats-server", "nats-server"),
    "argocd": lambda config: config.on_demand("argocd", "argocd"),
    "redis": lambda config: config.on_demand("argocd", "redis-server"),
}


def launch(
    how: Recipe, pod: Mapping[str, Any], container_name: str, words: Sequence[str], config: AgentConfig
) -> Launch:
    """Return the local command for a container; `words` are its command and args, paths in them local ones already."""
    if how.kind == "karpenter":
        # in a pod it reads this from the mounted ServiceAccount, at a path that exists in containers only
        namespace = {"LEADER_ELECTION_NAMESPACE": str(pod["metadata"]["namespace"])}
        return Launch([str(config.bin_dir / "karpenter"), *words], namespace)
    if how.kind == "operator":
        module = "rehearsal.dynamo.crd_apply" if container_name == "crd-apply" else "rehearsal.dynamo.operator"
        if how.age == OLD:
            module = "rehearsal.dynamo.old_operator"
        # the first word of a manifest's command is the binary of the image
        args = [word for index, word in enumerate(words) if index or word.startswith("-")]
        env = {"PYTHONPATH": str(config.repo), "POD_NAMESPACE": str(pod["metadata"]["namespace"])}
        return Launch([str(config.main_python), "-m", module, *args], env)
    if how.kind == "prometheus":
        return Launch([str(config.main_python), "-m", "rehearsal.prometheus", *words], {"PYTHONPATH": str(config.repo)})
    if how.kind in monitoring.IMAGES.values():
        return Launch(*monitoring.launch(how.kind, words, config))
    if how.kind == "python":
        folder = config.places.python_of("aiperf").parent
        interpreter = [str(folder / "python")] if words[:1] == ["python3"] else list(words[:1])
        return Launch([*interpreter, *words[1:]], {"PATH": f"{folder}:{_PATH}"})
    if how.kind in SERVERS:
        program = SERVERS[how.kind](config)
        script = config.repo / "rehearsal" / "nodes" / "runtime" / "servers.py"
        # a hook of a chart calls the server's program by its name, and Argo CD calls helm
        path = {"PATH": f"{program.parent}:{config.bin_dir}:{_PATH}"}
        return Launch([str(config.main_python), str(script), how.kind, str(program), *words], path)
    env = {
        "PATH": f"{shims(config, how.age)}:{_PATH}",
        "REHEARSAL_MODELS": str(config.models_dir),
        "HF_HUB_OFFLINE": "1",
        # every server of a Dynamo process on the loopback interface
        "DYN_HTTP_HOST": "127.0.0.1",
        "DYN_SYSTEM_HOST": "127.0.0.1",
        "DYN_TCP_RPC_HOST": "127.0.0.1",
        "DYN_TCP_RESPONSE_STREAM_HOST": "127.0.0.1",
        "DYN_EVENT_PLANE_HOST": "127.0.0.1",
        "PYTHONUNBUFFERED": "1",
        "REHEARSAL_DYNAMO_AGE": how.age,
    }
    return Launch(list(words), env)


def roots(how: Recipe, config: AgentConfig) -> dict[str, Path]:
    """Return the directories that an image brings along: path in the container → path on this machine."""
    if how.kind != "dynamo":
        return {}
    name = "old_workspace" if how.age == OLD else "workspace"
    return {"/workspace": config.repo / "rehearsal" / "dynamo" / name}


def shims(config: AgentConfig, age: str) -> Path:
    """Return the directory that comes first on the PATH of a Dynamo image's containers."""
    return config.work_dir / f"shims{age and '-' + age}"


def write_shims(config: AgentConfig) -> None:
    """Write what Dynamo images have on their PATH: python3, and what probes call if this machine lacks it."""
    runtime = config.repo / "rehearsal" / "nodes" / "runtime"
    for age, python in (("", config.dynamo_python), (OLD, config.old_dynamo_python)):
        directory = shims(config, age)
        directory.mkdir(parents=True, exist_ok=True)
        programs = dict.fromkeys(("python3", "python"), f'"{python}" "{runtime / "shim.py"}"')
        programs |= {name: f'"{config.main_python}" "{runtime / "commands.py"}" {name}' for name in commands.lacking()}
        for name, words in programs.items():
            path = directory / name
            path.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
            path.chmod(0o755)
