# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Names that the operator shares with its users: kinds, labels, annotations, ports."""

from __future__ import annotations

from rehearsal.dynamo.kube import Resource

GROUP = "nvidia.com"
VERSION = "v1beta1"
OLD_VERSION = "v1alpha1"
FINALIZER = "nvidia.com/finalizer"
FIELD_MANAGER = "dynamo-operator"

GRAPH = Resource(GROUP, VERSION, "dynamographdeployments", "DynamoGraphDeployment")
COMPONENT = Resource(GROUP, VERSION, "dynamocomponentdeployments", "DynamoComponentDeployment")
ADAPTER = Resource(GROUP, VERSION, "dynamographdeploymentscalingadapters", "DynamoGraphDeploymentScalingAdapter")
REQUEST = Resource(GROUP, VERSION, "dynamographdeploymentrequests", "DynamoGraphDeploymentRequest")
DEPLOYMENT = Resource("apps", "v1", "deployments", "Deployment")
SERVICE = Resource("", "v1", "services", "Service")
SERVICE_ACCOUNT = Resource("", "v1", "serviceaccounts", "ServiceAccount")
SECRET = Resource("", "v1", "secrets", "Secret")
CLAIM = Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim")
EVENT = Resource("", "v1", "events", "Event")
ROLE = Resource("rbac.authorization.k8s.io", "v1", "roles", "Role")
ROLE_BINDING = Resource("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding")
LEASE = Resource("coordination.k8s.io", "v1", "leases", "Lease")
DEFINITION = Resource("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", False)
VALIDATING = Resource(
    "admissionregistration.k8s.io",
    "v1",
    "validatingwebhookconfigurations",
    "ValidatingWebhookConfiguration",
    namespaced=False,
)
MUTATING = Resource(
    "admissionregistration.k8s.io",
    "v1",
    "mutatingwebhookconfigurations",
    "MutatingWebhookConfiguration",
    namespaced=False,
)

# Labels
L_COMPONENT = "nvidia.com/dynamo-component"
L_COMPONENT_TYPE = "nvidia.com/dynamo-component-type"
L_GRAPH = "nvidia.com/dynamo-graph-deployment-name"
L_NAMESPACE = "nvidia.com/dynamo-namespace"
L_WORKER_HASH = "nvidia.com/dynamo-worker-hash"
L_SELECTOR = "nvidia.com/selector"
L_METRICS = "nvidia.com/metrics-enabled"
L_DISCOVERY_BACKEND = "nvidia.com/dynamo-discovery-backend"
L_DISCOVERY_ENABLED = "nvidia.com/dynamo-discovery-enabled"

# Annotations
A_WORKER_HASH = "nvidia.com/current-worker-hash-v2"
A_PROVIDER = "nvidia.com/workload-provider"
A_ORIGIN = "nvidia.com/dynamo-operator-origin-version"
A_LAST_HASH = "nvidia.com/last-applied-hash"
A_LAST_GENERATION = "nvidia.com/last-applied-generation"
A_GRAPH_SPEC = "nvidia.com/dgd-spec"
A_COMPONENT_SPEC = "nvidia.com/dcd-spec"
A_REQUEST_SPEC = "nvidia.com/dgdr-spec"
A_ENABLE_METRICS = "nvidia.com/enable-metrics"
A_DISCOVERY_MODE = "nvidia.com/dynamo-kube-discovery-mode"
A_NO_PULL_SECRETS = "nvidia.com/disable-image-pull-secret-discovery"

MAIN_CONTAINER = "main"
PLANNER_ACCOUNT = "planner-serviceaccount"
WORKER_TYPES = frozenset({"worker", "prefill", "decode"})

PORT_HTTP = 8000
PORT_SYSTEM = 9090
PORT_NIXL = 19090
PORT_PLANNER = 9085
PORT_FORWARD_PASS = 20380
