# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The whole of a probe: options in, result out. The module and the action plugin both call it."""

from __future__ import annotations

import typing as t

from . import report, runner, specs
from .checks import CHECKS
from .errors import ProbeError
from .progress import Progress, Silent
from .session import Session, Spec
from .target import Target, Tls, url_target
from .transport import Client, Key

ARGUMENTS: dict[str, t.Any] = {
    "url": {"type": "str"},
    "service": {"type": "str"},
    "pod": {"type": "str"},
    "port": {"type": "str"},
    "kubeconfig": {"type": "path"},
    "context": {"type": "str"},
    "namespace": {"type": "str"},
    "api_key": {"type": "str", "no_log": True},
    "api_key_header": {"type": "str", "default": "Authorization", "no_log": False},
    "headers": {"type": "dict"},
    "proxy": {"type": "str"},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "client_cert": {"type": "path"},
    "client_key": {"type": "path", "no_log": False},
    "tls_server_name": {"type": "str"},
    "model": {"type": "str"},
    "checks": {"type": "list", "elements": "raw"},
    "timeout": {"type": "float", "default": 120},
    "request_timeout": {"type": "float", "default": 60},
    "fail_on_failure": {"type": "bool", "default": True},
    "title": {"type": "str"},
    "reports": {
        "type": "dict",
        "options": {"json": {"type": "path"}, "junit": {"type": "path"}, "html": {"type": "path"}},
    },
}
RULES: dict[str, t.Any] = {
    "mutually_exclusive": [("url", "service", "pod")],
    "required_one_of": [("url", "service", "pod", "namespace")],
    "required_by": {"service": ("kubeconfig", "context", "namespace"), "pod": ("kubeconfig", "context", "namespace")},
}

Params = t.Mapping[str, t.Any]


class OptionError(Exception):
    """Options that make no probe; nothing was sent."""


def probe(params: Params, *, check_mode: bool = False, progress: Progress | None = None) -> dict[str, t.Any]:
    """Probe; the task's result, with `failed` and `msg` when it failed. Raises OptionError."""
    name = describe(params)
    title = str(params["title"] or name)
    secret = str(params["api_key"] or "")
    wanted = read(params)
    if check_mode:
        planned = runner.planned(wanted, name, params["model"] or "")
        result = report.document(planned, title)
        del result["passed"]
        return {"changed": False, "skipped": True, "msg": "check mode: nothing was sent", **result}
    session = open_session(params, name, progress or Silent())
    outcome = runner.run(session, wanted)
    result = {"changed": False, **report.redact(report.document(outcome, title), secret)}
    try:
        report.write(result, params["reports"] or {})
    except OSError as error:
        msg = f"Failed to write the report {error.filename}: {error.strerror}."
        return {**result, "failed": True, "msg": msg}
    if not outcome.passed and params["fail_on_failure"]:
        msg = f"Failed to probe {title}: {report.redact(outcome.verdict(), secret)}"
        return {**result, "failed": True, "msg": msg}
    return result


def describe(params: Params) -> str:
    """Name the target without reaching it."""
    if params["url"]:
        return str(params["url"])
    kind = "service" if params["service"] else "pod" if params["pod"] else ""
    return f"{kind} {params['namespace']}/{params[kind]}" if kind else f"namespace {params['namespace']}"


def read(params: Params) -> list[Spec]:
    """The checks, when the options agree with each other. Raises OptionError."""
    try:
        wanted = specs.parse(params["checks"])
        if not (params["url"] or params["service"] or params["pod"]) and any(
            CHECKS[spec.name].endpoint for spec in wanted
        ):
            raise ValueError(
                "one of url, service and pod is needed; without them only log and prometheus can be checked"
            )
        if not params["url"] and not (params["kubeconfig"] and params["context"] and params["namespace"]):
            raise ValueError("kubeconfig, context and namespace are needed to reach a cluster")
        if params["timeout"] < 0 or params["request_timeout"] <= 0:
            raise ValueError("timeout must not be negative, and request_timeout must be above 0")
        if params["client_key"] and not params["client_cert"]:
            raise ValueError("client_key needs client_cert")
        if params["proxy"] and not params["url"]:
            raise ValueError("proxy needs a url; the way to a cluster is in the kubeconfig (proxy-url)")
    except ValueError as error:
        raise OptionError(f"Failed to read the options: {error}") from error
    return wanted


def open_session(params: Params, name: str, progress: Progress) -> Session:
    """Everything that the checks need. Raises OptionError."""
    cluster = None
    try:
        if params["url"]:
            target = url_target(params["url"], tls_of(params), params["proxy"] or "")
        if params["kubeconfig"] and params["context"] and params["namespace"]:
            target, cluster = reach(params, target if params["url"] else None)
        key = Key(params["api_key"] or "", params["api_key_header"])
        headers = {str(header): str(value) for header, value in (params["headers"] or {}).items()}
        client = Client(target, key=key, headers=headers)
    except (ValueError, OSError, ProbeError) as error:
        raise OptionError(f"Failed to probe {name}: {error}") from error
    return Session(
        client,
        model=params["model"] or "",
        timeout=params["timeout"],
        request_timeout=params["request_timeout"],
        cluster=cluster,
        progress=progress,
    )


def tls_of(params: Params) -> Tls:
    """How to speak TLS."""
    return Tls(
        validate_certs=params["validate_certs"],
        ca_path=params["ca_path"] or "",
        client_cert=params["client_cert"] or "",
        client_key=params["client_key"] or "",
        server_name=params["tls_server_name"] or "",
    )


def reach(params: Params, target: Target | None) -> tuple[Target, t.Any]:
    """Target in, and access to, a cluster. Raises ProbeError; the kubernetes package is only imported here."""
    from .._kube.client import KubeError, connect
    from .cluster import Pods, cluster_target

    try:
        client = connect(params["kubeconfig"], params["context"])
    except KubeError as error:
        raise ProbeError(str(error)) from error
    names = {key: params[key] or "" for key in ("namespace", "service", "pod", "port")}
    return target or cluster_target(client, **names), Pods(client, names["namespace"], names["service"], names["port"])


def needs_cluster(params: Params) -> bool:
    """True when the probe needs the package kubernetes."""
    return bool(params.get("kubeconfig")) or not params.get("url")
