# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Whose a finalizer is, what it guards, and how to see that nothing is there any more: data and pure rules.

A finalizer may be taken off in its controller's stead only when everything that the controller would have removed is
proved to be gone. What stands inside the cluster can be removed and looked for; what stands outside is only looked for.
A finalizer that is not listed here may guard anything: it is never touched.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .absent import Selector, title
from .predicates import Object

Rule = t.Callable[["World", Object], "list[Thing]"]


@dataclass(frozen=True)
class Thing:
    """One thing that an object's finalizer guards and that is still there.

    Attributes:
        what: as a person would say it.
        selector: its kind, when it is an object of the cluster; None for what is outside.
        obj: the object itself.
        removable: whether it may be deleted along with what guards it.
        going: whether somebody is deleting it already.
    """

    what: str
    selector: Selector | None = None
    obj: Object | None = None
    removable: bool = False
    going: bool = False


class World(t.Protocol):
    """What the rules ask of the cluster and of AWS."""

    def select(self, selector: Selector) -> t.Sequence[Object]:
        """List objects; none when the kind is not installed."""

    def instances(self, identifier: str, tags: t.Mapping[str, str]) -> list[Thing]:
        """Find instances that are not terminated, by id or by tags within the cluster's own."""

    def volume(self, driver: str, handle: str) -> list[Thing]:
        """Find the storage behind a volume."""

    def balancers(self, hosts: t.Collection[str], stacks: t.Collection[str]) -> list[Thing]:
        """Find load balancers by address, or by the stack that their tags name; all of the cluster without either."""


@dataclass(frozen=True)
class Guard:
    """The finalizers of one controller on one kind."""

    group: str
    kind: str
    finalizers: tuple[str, ...]
    behind: Rule


@dataclass(frozen=True)
class Owner:
    """Who takes finalizers with this beginning off, and where to look when he does not.

    Attributes:
        pods: labels of the controller's pods, by which one sees whether it lives; empty when there is no telling.
    """

    prefix: str
    name: str
    advice: str
    pods: str = ""
    known: bool = True


_KARPENTER = (
    "Karpenter",
    "Look at its log (kubectl logs -n karpenter deploy/karpenter) and at what blocks the drain (kubectl get pdb -A).",
    "app.kubernetes.io/name=karpenter",
)
_OPERATOR = (
    "the Dynamo operator",
    "Look at its pod (kubectl get pods -A -l app.kubernetes.io/name=dynamo-operator).",
    "app.kubernetes.io/name=dynamo-operator,control-plane=controller-manager",
)
_ARGOCD = (
    "Argo CD",
    "Look at its application controller (kubectl get pods -A -l app.kubernetes.io/name=argocd-application-controller).",
    "app.kubernetes.io/name=argocd-application-controller",
)
_BALANCERS = (
    "the AWS Load Balancer Controller",
    "Look at its log (kubectl logs -n kube-system deploy/aws-load-balancer-controller).",
    "app.kubernetes.io/name=aws-load-balancer-controller",
)
_DRIVER = ("the CSI driver", "Look at the driver's controller in kube-system.")
OWNERS = (
    Owner("karpenter.", *_KARPENTER),
    Owner("nvidia.com/", *_OPERATOR),
    Owner("resources-finalizer.argocd.argoproj.io", *_ARGOCD),
    Owner("service.k8s.aws/", *_BALANCERS),
    Owner("ingress.k8s.aws/", *_BALANCERS),
    Owner("group.ingress.k8s.aws/", *_BALANCERS),
    Owner("gateway.k8s.aws/", *_BALANCERS),
    Owner("service.kubernetes.io/", "the service controller of EKS", "Look at the Service's events."),
    Owner("kubernetes.io/pvc-protection", "Kubernetes", "End the pods that use the claim."),
    Owner("kubernetes.io/pv-protection", "Kubernetes", "Delete the claim that is bound to the volume."),
    Owner("external-provisioner.", *_DRIVER),
    Owner("external-attacher/", *_DRIVER),
    Owner(
        "foregroundDeletion", "Kubernetes", "Something that the object owns does not go (kubectl get all -n NAMESPACE)."
    ),
)


def owner_of(finalizer: str) -> Owner:
    """Return who is to take a finalizer off; an unknown one's owner is known by its domain alone."""
    for owner in OWNERS:
        if finalizer.startswith(owner.prefix):
            return owner
    domain = finalizer.split("/", maxsplit=1)[0]
    return Owner(
        finalizer,
        f"whoever set it ({domain})",
        f"Find the controller of {domain}, which alone knows what it still has to remove; when that is gone, take the "
        f"finalizer {finalizer} off by hand.",
        known=False,
    )


def _claim(world: World, obj: Object) -> list[Thing]:
    provider = str((obj.get("status") or {}).get("providerID") or (obj.get("spec") or {}).get("providerID") or "")
    return world.instances(provider.rsplit("/", 1)[-1], {"karpenter.sh/nodeclaim": obj["metadata"]["name"]})


def _node(world: World, obj: Object) -> list[Thing]:
    provider = str((obj.get("spec") or {}).get("providerID") or "")
    # A node without one never was an instance, or belongs to something that cannot be looked up.
    return world.instances(provider.rsplit("/", 1)[-1], {}) if provider else []


def _pool(world: World, obj: Object) -> list[Thing]:
    claims = Selector("karpenter.sh", "NodeClaim", label_selector=f"karpenter.sh/nodepool={obj['metadata']['name']}")
    return _inside(claims, world.select(claims))


def _node_class(world: World, obj: Object) -> list[Thing]:
    name, claims = obj["metadata"]["name"], Selector("karpenter.sh", "NodeClaim")
    using = [
        claim
        for claim in world.select(claims)
        if ((claim.get("spec") or {}).get("nodeClassRef") or {}).get("name") == name
    ]
    return [*_inside(claims, using), *world.instances("", {"karpenter.k8s.aws/ec2nodeclass": name})]


# What the Dynamo operator makes for a graph, at any age of it.
_OF_GRAPHS = (
    Selector("nvidia.com", "DynamoGraphDeployment"),
    Selector("nvidia.com", "DynamoComponentDeployment"),
    Selector("grove.io", "PodCliqueSet"),
    Selector("leaderworkerset.x-k8s.io", "LeaderWorkerSet"),
    Selector("apps/v1", "Deployment"),
    Selector("apps/v1", "StatefulSet"),
    Selector("apps/v1", "ReplicaSet"),
    Selector("batch/v1", "Job"),
    Selector("v1", "Service"),
    Selector("networking.k8s.io/v1", "Ingress"),
    Selector("v1", "Pod"),
)


def _graph(world: World, obj: Object) -> list[Thing]:
    namespace = str(obj["metadata"].get("namespace") or "")
    found = [
        (Selector(kind.api_version, kind.kind, namespace), item)
        for kind in _OF_GRAPHS
        for item in world.select(Selector(kind.api_version, kind.kind, namespace))
    ]
    return [thing for selector, item in descendants(obj, found) for thing in _inside(selector, [item])]


def descendants(obj: Object, found: t.Sequence[tuple[Selector, Object]]) -> list[tuple[Selector, Object]]:
    """Return what an object owns, directly or through others: Kubernetes' own record of who made what."""
    family = {str(obj["metadata"].get("uid"))}
    owned: list[tuple[Selector, Object]] = []
    rest = list(found)
    while True:
        born = [
            pair
            for pair in rest
            if family & {str(r.get("uid")) for r in pair[1]["metadata"].get("ownerReferences") or []}
        ]
        if not born:
            return owned
        owned += born
        family |= {str(item["metadata"].get("uid")) for _selector, item in born}
        rest = [pair for pair in rest if pair not in born]


# Taking these along would take what others made of them.
_NEVER_TAKEN = {"CustomResourceDefinition", "Namespace"}


def _application(world: World, obj: Object) -> list[Thing]:
    things: list[Thing] = []
    for row in (obj.get("status") or {}).get("resources") or []:
        if row.get("kind") in _NEVER_TAKEN or row.get("hook"):
            continue
        version = f"{row['group']}/{row['version']}" if row.get("group") else str(row.get("version") or "v1")
        selector = Selector(version, str(row["kind"]), str(row.get("namespace") or ""), str(row["name"]))
        things += _inside(selector, world.select(selector))
    return things


def _application_set(world: World, obj: Object) -> list[Thing]:
    kind = Selector("argoproj.io", "Application", str(obj["metadata"].get("namespace") or ""))
    pairs = [(kind, item) for item in world.select(kind)]
    return [thing for selector, item in descendants(obj, pairs) for thing in _inside(selector, [item])]


def _hosts(obj: Object) -> set[str]:
    status = obj.get("status") or {}
    rows = [*((status.get("loadBalancer") or {}).get("ingress") or []), *(status.get("addresses") or [])]
    return {str(row.get("hostname") or row.get("value")) for row in rows if row.get("hostname") or row.get("value")}


def _balancer(world: World, obj: Object) -> list[Thing]:
    meta = obj["metadata"]
    stacks = {f"{meta.get('namespace', '')}/{meta['name']}"}
    prefix = "group.ingress.k8s.aws/"
    stacks |= {name[len(prefix) :] for name in meta.get("finalizers") or [] if name.startswith(prefix)}
    return world.balancers(_hosts(obj), stacks)


def _gateway(world: World, obj: Object) -> list[Thing]:
    # Without an address nothing says which load balancer would be this Gateway's: then none of the cluster may be left.
    return world.balancers(_hosts(obj), ())


def _volume(world: World, obj: Object) -> list[Thing]:
    spec = obj.get("spec") or {}
    if spec.get("persistentVolumeReclaimPolicy") == "Retain":
        return []
    source = spec.get("csi") or {}
    if not source.get("driver"):
        return [Thing("what it is made of, which cannot be looked up")]
    return world.volume(str(source["driver"]), str(source.get("volumeHandle") or ""))


def _volume_claim(world: World, obj: Object) -> list[Thing]:
    meta = obj["metadata"]
    users = [
        pod
        for pod in world.select(Selector("v1", "Pod", str(meta.get("namespace") or "")))
        if meta["name"] in _claims_of(pod) and (pod.get("status") or {}).get("phase") not in {"Succeeded", "Failed"}
    ]
    pods = [Thing(f"Pod {pod['metadata']['name']} uses it") for pod in users]
    name = str((obj.get("spec") or {}).get("volumeName") or "")
    behind = world.select(Selector("v1", "PersistentVolume", name=name)) if name else []
    return [*pods, *(thing for volume in behind for thing in _volume(world, volume))]


def _claims_of(pod: Object) -> set[str]:
    volumes = (pod.get("spec") or {}).get("volumes") or []
    return {str((volume.get("persistentVolumeClaim") or {}).get("claimName") or "") for volume in volumes}


def _inside(selector: Selector, found: t.Iterable[Object]) -> list[Thing]:
    return [
        Thing(title(selector, obj), selector, obj, removable=True, going=bool(obj["metadata"].get("deletionTimestamp")))
        for obj in found
    ]


GUARDS = (
    Guard("karpenter.sh", "NodeClaim", ("karpenter.sh/termination",), _claim),
    Guard("karpenter.sh", "NodePool", ("karpenter.sh/termination",), _pool),
    Guard("karpenter.k8s.aws", "EC2NodeClass", ("karpenter.k8s.aws/termination",), _node_class),
    Guard("", "Node", ("karpenter.sh/termination",), _node),
    Guard("nvidia.com", "DynamoGraphDeploymentRequest", ("nvidia.com/",), _graph),
    Guard("nvidia.com", "DynamoGraphDeployment", ("nvidia.com/",), _graph),
    Guard("nvidia.com", "DynamoComponentDeployment", ("nvidia.com/",), _graph),
    Guard("argoproj.io", "Application", ("resources-finalizer.argocd.argoproj.io",), _application),
    Guard("argoproj.io", "ApplicationSet", ("resources-finalizer.argocd.argoproj.io",), _application_set),
    Guard("", "Service", ("service.kubernetes.io/", "service.k8s.aws/"), _balancer),
    Guard("networking.k8s.io", "Ingress", ("ingress.k8s.aws/", "group.ingress.k8s.aws/"), _balancer),
    Guard("gateway.networking.k8s.io", "Gateway", ("gateway.k8s.aws/",), _gateway),
    Guard("", "PersistentVolumeClaim", ("kubernetes.io/pvc-protection",), _volume_claim),
    Guard(
        "",
        "PersistentVolume",
        ("kubernetes.io/pv-protection", "external-provisioner.", "external-attacher/"),
        _volume,
    ),
)


def guard_of(selector: Selector) -> Guard | None:
    """Return what is known of a kind's finalizers."""
    version = selector.api_version
    group = version.split("/", maxsplit=1)[0] if "/" in version or "." in version else ""
    return next((guard for guard in GUARDS if (guard.group, guard.kind) == (group, selector.kind)), None)


def known(guard: Guard, finalizers: t.Iterable[str]) -> list[str]:
    """Return those finalizers of an object that its kind's controller set."""
    return [name for name in finalizers if name.startswith(guard.finalizers)]
