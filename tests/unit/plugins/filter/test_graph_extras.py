# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter graph_extras: adapters, autoscalers, entrances, and everything that is refused about them."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.ai_on_eks.dynamo.plugins.filter.graph_extras import graph_extras
from ansible_collections.ai_on_eks.dynamo.plugins.filter.to_graph import SCHEMA

Json = dict[str, t.Any]
ARN = "arn:aws:acm:us-west-2:123456789012:certificate/0123"
NLB: Json = {"kind": "nlb", "certificate_arn": ARN, "allowed_cidrs": ["10.0.0.0/8"]}
LB = "service.beta.kubernetes.io/aws-load-balancer-"


def definition(name: str) -> Json:
    found: Json = yaml.safe_load((SCHEMA.parent / "examples" / f"{name}.yml").read_text(encoding="utf-8"))
    return found


def extras(name: str = "vllm", overrides: Json | None = None, **options: t.Any) -> Json:
    chosen = {
        "namespace": "dynamo-cloud",
        "version": "1.6.1",
        "exposure": {},
        "gateway_image": "nginx:1",
        **options,
    }
    return graph_extras(definition(name), overrides or {}, chosen)


def exposed(**change: t.Any) -> dict[str, Json]:
    found = extras(exposure={**NLB, **change})
    return {entry["kind"]: entry for entry in found["exposure"]}


def config(objects: dict[str, Json]) -> str:
    text: str = objects["ConfigMap"]["data"]["nginx.conf"]
    return text


def test_nothing_unless_asked() -> None:
    assert extras() == {"adapters": [], "scaling": [], "exposure": [], "api_keys_secret": ""}


def test_everything_says_whose_it_is() -> None:
    found = extras(
        overrides={"name": "chat", "scaling": "worker=1-3", "adapters": {"sql": "hf://acme/sql"}}, exposure=NLB
    )
    for part in ("adapters", "scaling", "exposure"):
        assert found[part]
        for entry in found[part]:
            labels = entry["metadata"]["labels"]
            assert labels["ai-on-eks.dynamo/example"] == "chat"
            assert labels["ai-on-eks.dynamo/part"] == part
            assert entry["metadata"]["name"].startswith("chat-")
    assert found["api_keys_secret"] == "chat-api-keys"


# Adapters


def test_adapters_become_models_of_the_base_model() -> None:
    found = extras(overrides={"adapters": {"acme/SQL": "hf://acme/sql", "plain": "s3://b/p"}})["adapters"]
    assert [entry["spec"] for entry in found] == [
        {
            "modelName": name,
            "baseModelName": "Qwen/Qwen3-0.6B",
            "modelType": "lora",
            "source": {"uri": source},
        }
        for name, source in (("acme/SQL", "hf://acme/sql"), ("plain", "s3://b/p"))
    ]
    names = [entry["metadata"]["name"] for entry in found]
    assert names[0].startswith("vllm-acme-sql-")
    assert names[1] == "vllm-plain"


# Scaling


def test_an_autoscaler_sets_the_adapter_of_the_graph() -> None:
    (hpa,) = extras(overrides={"scaling": "worker=1-3"})["scaling"]
    assert hpa["kind"] == "HorizontalPodAutoscaler"
    assert hpa["spec"]["scaleTargetRef"] == {
        "apiVersion": "nvidia.com/v1beta1",
        "kind": "DynamoGraphDeploymentScalingAdapter",
        "name": "vllm-vllmworker",
    }
    assert (hpa["spec"]["minReplicas"], hpa["spec"]["maxReplicas"]) == (1, 3)


def test_keda_asks_prometheus_how_busy_the_graph_is() -> None:
    (found,) = extras(
        overrides={"scaling": "worker=1-3"}, autoscaler="keda", prometheus="http://p:9090", scaling_target="8"
    )["scaling"]
    assert found["apiVersion"] == "keda.sh/v1alpha1"
    (trigger,) = found["spec"]["triggers"]
    assert trigger["metadata"] == {
        "serverAddress": "http://p:9090",
        "query": 'sum(dynamo_frontend_active_requests{namespace="dynamo-cloud",pod=~"vllm-frontend-.+"})',
        "threshold": "8",
    }
    (old,) = extras(
        overrides={"scaling": "worker=1-3"}, version="0.9.0", autoscaler="keda", prometheus="http://p:9090"
    )["scaling"]
    assert "dynamo_frontend_inflight_requests" in old["spec"]["triggers"][0]["metadata"]["query"]
    assert old["spec"]["scaleTargetRef"]["apiVersion"] == "nvidia.com/v1alpha1"


def test_the_operator_of_0_4_has_its_own_autoscaler() -> None:
    assert extras(overrides={"scaling": "worker=1-3"}, version="0.4.1")["scaling"] == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"autoscaler": "cron"}, "autoscaler must be one of hpa, keda"),
        ({"autoscaler": "keda"}, "Set dynamo_example_prometheus"),
        ({"autoscaler": "keda", "prometheus": "http://p", "version": "0.4.1"}, "Dynamo 0.8 and newer"),
        ({"colour": "blue"}, "colour unknown"),
    ],
)
def test_scaling_that_is_refused(options: Json, words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words):
        extras(overrides={"scaling": "worker=1-3"}, **options)


# Exposure


def test_a_load_balancer_inside_with_a_certificate_of_acm() -> None:
    found = exposed()
    service = found["Service"]
    annotations = service["metadata"]["annotations"]
    assert annotations[f"{LB}scheme"] == "internal"
    assert annotations[f"{LB}ssl-cert"] == ARN
    assert service["spec"]["loadBalancerSourceRanges"] == ["10.0.0.0/8"]
    assert service["spec"]["loadBalancerClass"] == "service.k8s.aws/nlb"
    assert service["spec"]["ports"] == [{"name": "api", "port": 443, "targetPort": 8080}]
    assert "include /etc/nginx/api-keys/keys.map" in config(found)
    assert "proxy_pass http://vllm-frontend.dynamo-cloud.svc.cluster.local:8000;" in config(found)
    assert found["PodDisruptionBudget"]["spec"]["maxUnavailable"] == 1


def test_a_load_balancer_that_passes_connections_to_the_proxys_own_tls() -> None:
    found = exposed(certificate_arn="", tls_secret="vllm-tls")
    assert found["Service"]["spec"]["ports"][0] == {"name": "api", "port": 443, "targetPort": 8443}
    assert f"{LB}ssl-cert" not in found["Service"]["metadata"]["annotations"]
    assert "listen 8443 ssl" in config(found)
    pod = found["Deployment"]["spec"]["template"]["spec"]
    assert {"name": "tls", "secret": {"secretName": "vllm-tls"}} in pod["volumes"]
    assert pod["containers"][0]["readinessProbe"]["httpGet"]["scheme"] == "HTTPS"


def test_the_proxy_gives_nothing_away() -> None:
    found = exposed(replicas=1)
    assert "PodDisruptionBudget" not in found
    text = config(found)
    assert "proxy_set_header Authorization" in text
    assert "$http_authorization" not in text.split("log_format")[1].split(";")[0]
    pod = found["Deployment"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True


def test_another_configuration_makes_other_pods() -> None:
    digests = {
        exposed(**change)["Deployment"]["spec"]["template"]["metadata"]["annotations"]["ai-on-eks.dynamo/config"]
        for change in ({}, {"without_api_key": True}, {"certificate_arn": "", "tls_secret": "x"})
    }
    assert len(digests) == 3


def test_an_alb() -> None:
    found = exposed(kind="ingress", host="llm.example.com")
    annotations = found["Ingress"]["metadata"]["annotations"]
    assert annotations["alb.ingress.kubernetes.io/scheme"] == "internal"
    assert annotations["alb.ingress.kubernetes.io/inbound-cidrs"] == "10.0.0.0/8"
    assert annotations["alb.ingress.kubernetes.io/listen-ports"] == '[{"HTTPS": 443}]'
    assert annotations["alb.ingress.kubernetes.io/certificate-arn"] == ARN
    assert found["Service"]["spec"]["type"] == "ClusterIP"
    assert found["Ingress"]["spec"]["rules"][0]["host"] == "llm.example.com"


def test_another_ingress_controller_has_its_certificate_in_a_secret() -> None:
    found = exposed(
        kind="ingress", host="llm.example.com", ingress_class="nginx", certificate_arn="", tls_secret="llm-tls"
    )["Ingress"]
    assert found["spec"]["tls"] == [{"hosts": ["llm.example.com"], "secretName": "llm-tls"}]
    assert found["metadata"]["annotations"]["nginx.ingress.kubernetes.io/whitelist-source-range"] == "10.0.0.0/8"


def test_a_gateway() -> None:
    found = exposed(
        kind="gateway",
        host="llm.example.com",
        certificate_arn="",
        gateway={"name": "shared", "namespace": "gateways", "section": "https"},
    )
    route = found["HTTPRoute"]["spec"]
    assert route["parentRefs"] == [{"name": "shared", "namespace": "gateways", "sectionName": "https"}]
    assert route["rules"][0]["backendRefs"] == [{"name": "vllm-gateway", "port": 8080}]


def test_a_graph_without_a_model_has_no_entrance() -> None:
    found = extras("hello-world", exposure=NLB)
    assert found["exposure"] == []
    assert found["api_keys_secret"] == ""


def test_without_keys_only_when_told() -> None:
    found = extras(exposure={**NLB, "without_api_key": "true"})
    assert found["api_keys_secret"] == ""
    assert "$known" not in config({entry["kind"]: entry for entry in found["exposure"]})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "nodeport"}, "kind must be one of nlb, ingress, gateway; got 'nodeport'"),
        ({"certificate_arn": ""}, "prompts and keys would go unencrypted; give certificate_arn"),
        ({"allowed_cidrs": []}, "allowed_cidrs are needed"),
        ({"allowed_cidrs": "0.0.0.0/0"}, "0.0.0.0/0 is everybody"),
        ({"allowed_cidrs": ["10.0.0.1/8"]}, "has host bits set"),
        ({"scheme": "internet-facing"}, "say public: true if that is meant"),
        ({"scheme": "internet-facing", "public": True, "without_api_key": True}, "let the internet use your GPUs"),
        ({"scheme": "outside"}, "scheme must be one of internal, internet-facing"),
        ({"tls_secret": "x"}, "certificate_arn and tls_secret are both given"),
        ({"kind": "ingress"}, "kind ingress needs host"),
        ({"kind": "gateway", "host": "x"}, "needs gateway.name and gateway.section"),
        ({"colour": "blue"}, "colour unknown"),
    ],
)
def test_entrances_that_are_refused(change: Json, words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words) as error:
        exposed(**change)
    assert str(error.value).startswith("Failed to expose the graph: ")


def test_all_faults_at_once() -> None:
    with pytest.raises(AnsibleFilterError) as error:
        exposed(certificate_arn="", allowed_cidrs=["0.0.0.0/0"], scheme="internet-facing")
    for words in ("unencrypted", "everybody", "public: true"):
        assert words in str(error.value)


def test_public_when_told() -> None:
    found = exposed(scheme="internet-facing", public=True, allowed_cidrs=["203.0.113.0/24"])
    assert found["Service"]["metadata"]["annotations"][f"{LB}scheme"] == "internet-facing"
