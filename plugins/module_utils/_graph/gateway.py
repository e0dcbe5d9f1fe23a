# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The objects that let clients outside the cluster reach a graph. Pure.

A proxy (nginx) before the frontend checks API keys, passes streams on unbuffered, and keeps everything but the API
away from clients: no /metrics, no administration.
"""

from __future__ import annotations

import hashlib
import typing as t

from .exposure import Exposure

Json = dict[str, t.Any]

HTTP, HTTPS = 8080, 8443
_NGINX_USER = 101
_KEYS = "/etc/nginx/api-keys"
_TLS = "/etc/nginx/tls"
# A long answer of a reasoning model takes minutes, and its first token one of them.
_STREAM_SECONDS = 3600


def secret_of(graph: str, exposure: Exposure) -> str:
    """Return the name of the Secret with the API keys, "" when none are checked."""
    return "" if exposure.without_api_key else exposure.api_keys_secret or f"{graph}-api-keys"


def objects(
    graph: str, namespace: str, exposure: Exposure, labels: t.Mapping[str, str], image: str, pool: str
) -> list[Json]:
    """Return proxy and entrance of one graph."""
    name = f"{graph}-gateway"
    own = {**labels, "app.kubernetes.io/name": "gateway", "app.kubernetes.io/instance": name}
    config = nginx(graph, namespace, exposure)

    def metadata(**more: t.Any) -> Json:
        return {"name": name, "namespace": namespace, "labels": own, **more}

    listed: list[Json] = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(), "data": {"nginx.conf": config}},
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata(),
            "spec": _deployment(name, own, config, exposure, image, pool, graph),
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata(**_annotated(exposure)),
            "spec": _service(name, exposure),
        },
    ]
    if exposure.replicas > 1:
        listed.append(
            {
                "apiVersion": "policy/v1",
                "kind": "PodDisruptionBudget",
                "metadata": metadata(),
                "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app.kubernetes.io/instance": name}}},
            }
        )
    if exposure.kind == "ingress":
        listed.append(
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "Ingress",
                "metadata": metadata(annotations=_ingress_annotations(exposure)),
                "spec": _ingress(name, exposure),
            }
        )
    if exposure.kind == "gateway":
        listed.append(
            {
                "apiVersion": "gateway.networking.k8s.io/v1",
                "kind": "HTTPRoute",
                "metadata": metadata(**({"annotations": dict(exposure.annotations)} if exposure.annotations else {})),
                "spec": _route(name, namespace, exposure),
            }
        )
    return listed


def own_tls(exposure: Exposure) -> bool:
    """Tell whether the proxy itself speaks TLS: with a load balancer that passes connections on."""
    return exposure.kind == "nlb" and bool(exposure.tls_secret)


def nginx(graph: str, namespace: str, exposure: Exposure) -> str:
    """Return the proxy's configuration."""
    checked = bool(secret_of(graph, exposure))
    keys = f"map $http_authorization $known {{ default 0; include {_KEYS}/keys.map; }}" if checked else ""
    guard = (
        'if ($known = 0) { return 401 \'{"message":"Invalid API key","type":"Unauthorized","code":401}\'; }'
        if checked
        else ""
    )
    listen = (
        f"listen {HTTPS} ssl; ssl_certificate {_TLS}/tls.crt; ssl_certificate_key {_TLS}/tls.key; "
        "ssl_protocols TLSv1.2 TLSv1.3;"
        if own_tls(exposure)
        else f"listen {HTTP};"
    )
    lines = f"""
worker_processes auto;
pid /tmp/nginx.pid;
error_log /dev/stderr warn;
events {{ worker_connections 4096; }}
http {{
  # Neither keys nor prompts: only that something was asked.
  log_format plain '$remote_addr $request_method $uri $status $request_time';
  access_log /dev/stdout plain;
  server_tokens off;
  client_body_temp_path /tmp/body; proxy_temp_path /tmp/proxy; fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi; scgi_temp_path /tmp/scgi;
  map_hash_bucket_size 256;
  client_max_body_size 32m;
  default_type application/json;
  {keys}
  server {{
    {listen}
    location = /healthz {{ access_log off; return 200 '{{"status":"ok"}}'; }}
    location /v1/ {{
      {guard}
      proxy_pass http://{graph}-frontend.{namespace}.svc.cluster.local:8000;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header Authorization "";
      proxy_buffering off;
      proxy_read_timeout {_STREAM_SECONDS}s;
      proxy_send_timeout {_STREAM_SECONDS}s;
    }}
    location / {{ return 404 '{{"message":"Not found","type":"Not Found","code":404}}'; }}
  }}
}}
"""
    return "\n".join(line for line in lines.strip().splitlines() if line.strip()) + "\n"


def _deployment(name: str, labels: Json, config: str, exposure: Exposure, image: str, pool: str, graph: str) -> Json:
    keys = secret_of(graph, exposure)
    port = HTTPS if own_tls(exposure) else HTTP
    probe = {"httpGet": {"path": "/healthz", "port": port, "scheme": "HTTPS" if port == HTTPS else "HTTP"}}
    files: list[tuple[str, str, Json, str]] = [
        ("config", "/etc/nginx/nginx.conf", {"configMap": {"name": name}}, "nginx.conf")
    ]
    if keys:
        item = {"key": "keys.map", "path": "keys.map"}
        files.append(("keys", _KEYS, {"secret": {"secretName": keys, "items": [item]}}, ""))
    if own_tls(exposure):
        files.append(("tls", _TLS, {"secret": {"secretName": exposure.tls_secret}}, ""))
    container = {
        "name": "nginx",
        "image": image,
        "ports": [{"name": "api", "containerPort": port}],
        "readinessProbe": {**probe, "periodSeconds": 5},
        "livenessProbe": {**probe, "periodSeconds": 20},
        # Connections that are being served get to their end.
        "lifecycle": {"preStop": {"exec": {"command": ["/bin/sh", "-c", "sleep 10; nginx -s quit; sleep 30"]}}},
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - inside the pod
            *(
                {"name": volume, "mountPath": path, "readOnly": True, **({"subPath": sub} if sub else {})}
                for volume, path, _source, sub in files
            ),
        ],
    }
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"app.kubernetes.io/instance": name}},
    }
    pod: Json = {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 60,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _NGINX_USER,
            "fsGroup": _NGINX_USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "topologySpreadConstraints": [spread],
        "containers": [container],
        "volumes": [
            {"name": "tmp", "emptyDir": {}},
            *({"name": volume, **source} for volume, _path, source, _sub in files),
        ],
        **({"nodeSelector": {"karpenter.sh/nodepool": pool}} if pool else {}),
    }
    # A pod reads its configuration at its start only.
    digest = hashlib.sha256(config.encode()).hexdigest()[:16]
    template = {"metadata": {"labels": labels, "annotations": {"ai-on-eks.dynamo/config": digest}}, "spec": pod}
    selector = {"matchLabels": {"app.kubernetes.io/instance": name}}
    return {"replicas": exposure.replicas, "selector": selector, "template": template}


def _annotated(exposure: Exposure) -> Json:
    """Return the Service's annotations: what the AWS Load Balancer Controller reads."""
    if exposure.kind != "nlb":
        return {}
    prefix = "service.beta.kubernetes.io/aws-load-balancer-"
    found = {
        f"{prefix}scheme": exposure.scheme,
        f"{prefix}nlb-target-type": "ip",
        f"{prefix}healthcheck-path": "/healthz",
        f"{prefix}healthcheck-protocol": "HTTPS" if own_tls(exposure) else "HTTP",
        f"{prefix}attributes": "load_balancing.cross_zone.enabled=true",
    }
    if exposure.certificate_arn:
        found[f"{prefix}ssl-cert"] = exposure.certificate_arn
        found[f"{prefix}ssl-ports"] = "443"
        found[f"{prefix}ssl-negotiation-policy"] = "ELBSecurityPolicy-TLS13-1-2-2021-06"
    return {"annotations": {**found, **exposure.annotations}}


def _service(name: str, exposure: Exposure) -> Json:
    encrypted = bool(exposure.certificate_arn or exposure.tls_secret)
    target = HTTPS if own_tls(exposure) else HTTP
    outside = 443 if encrypted else 80
    spec: Json = {
        "selector": {"app.kubernetes.io/instance": name},
        "ports": [{"name": "api", "port": outside if exposure.kind == "nlb" else HTTP, "targetPort": target}],
    }
    if exposure.kind != "nlb":
        return {"type": "ClusterIP", **spec}
    return {
        "type": "LoadBalancer",
        "loadBalancerClass": exposure.load_balancer_class,
        "loadBalancerSourceRanges": list(exposure.allowed_cidrs),
        # Only pods are targets: no port of the nodes is opened.
        "allocateLoadBalancerNodePorts": False,
        **spec,
    }


def _ingress_annotations(exposure: Exposure) -> dict[str, str]:
    networks = ",".join(exposure.allowed_cidrs)
    if exposure.ingress_class != "alb":
        prefix = "nginx.ingress.kubernetes.io/"
        found = {
            f"{prefix}whitelist-source-range": networks,
            f"{prefix}proxy-buffering": "off",
            f"{prefix}proxy-read-timeout": str(_STREAM_SECONDS),
            f"{prefix}proxy-body-size": "32m",
        }
        return {**found, **exposure.annotations}
    prefix = "alb.ingress.kubernetes.io/"
    found = {
        f"{prefix}scheme": exposure.scheme,
        f"{prefix}target-type": "ip",
        f"{prefix}inbound-cidrs": networks,
        f"{prefix}healthcheck-path": "/healthz",
        f"{prefix}listen-ports": '[{"HTTPS": 443}]' if exposure.certificate_arn else '[{"HTTP": 80}]',
        f"{prefix}load-balancer-attributes": f"idle_timeout.timeout_seconds={_STREAM_SECONDS}",
    }
    if exposure.certificate_arn:
        found[f"{prefix}certificate-arn"] = exposure.certificate_arn
        found[f"{prefix}ssl-policy"] = "ELBSecurityPolicy-TLS13-1-2-2021-06"
    return {**found, **exposure.annotations}


def _ingress(name: str, exposure: Exposure) -> Json:
    backend = {"service": {"name": name, "port": {"name": "api"}}}
    rule = {"host": exposure.host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    tls = [{"hosts": [exposure.host], "secretName": exposure.tls_secret}] if exposure.tls_secret else []
    return {"ingressClassName": exposure.ingress_class, "rules": [rule], **({"tls": tls} if tls else {})}


def _route(name: str, namespace: str, exposure: Exposure) -> Json:
    parent = {
        "name": str(exposure.gateway["name"]),
        "namespace": str(exposure.gateway.get("namespace") or namespace),
        "sectionName": str(exposure.gateway["section"]),
    }
    backends = [{"name": name, "port": HTTP}]
    match = {"path": {"type": "PathPrefix", "value": "/v1/"}}
    rules = [{"matches": [match], "backendRefs": backends}]
    return {"parentRefs": [parent], "hostnames": [exposure.host], "rules": rules}
