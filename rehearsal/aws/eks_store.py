# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""EKS clusters and what belongs to them, as the API shows them, and how their states move on.

States move when somebody looks: every read first settles what became due. A cluster becomes ACTIVE when the admin API
has reported its control plane *and* the latency of eks:CreateCluster is over; it is gone when the admin API has
reported the control plane gone *and* the latency of eks:DeleteCluster is over; its version changes when the admin API
has reported the control plane upgraded *and* the latency of eks:UpdateClusterVersion is over. With ``automatic`` set
(no control planes on this machine) the reports are taken as given.
"""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rehearsal.aws.account import arn, backend, now
from rehearsal.aws.errors import AwsError

PLACEHOLDER_CA = base64.b64encode(b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n").decode()


@dataclass
class Update:
    """An update of a cluster, node group or add-on, as DescribeUpdate shows it.

    Attributes:
        due: when (monotonic seconds) the last of it is over.
        apply: what is changed then.
        ready: what that waits for beside the time.
        steps: what happens before, each with its time.
        of: the node group or add-on, as ``nodegroup/core``; "" for the cluster itself.
    """

    data: dict[str, Any]
    due: float
    apply: Callable[[], None]
    ready: Callable[[], bool] = lambda: True
    steps: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    of: str = ""

    def settle(self, present: float) -> None:
        """Let what is due happen."""
        if self.data["status"] != "InProgress":
            return
        while self.steps and present >= self.steps[0][0]:
            self.steps.pop(0)[1]()
        if not self.steps and present >= self.due and self.ready():
            self.apply()
            self.data["status"] = "Successful"


@dataclass
class Cluster:
    """A cluster with its parts.

    Attributes:
        data: the cluster as DescribeCluster shows it.
        parts: kind (``nodegroups``, ``addons``, ``access_entries``, ``associations``) -> key -> what its API shows.
        due: when (monotonic seconds) the state may move on.
        control_plane: endpoint and CA as the admin API reported them.
        control_plane_gone: the admin API reported the control plane gone.
        join_seconds: what a machine takes until its node is ready, as the admin API reported it.
        wanted_version: the version that the control plane has or is being upgraded to.
        control_plane_version: the version that the admin API last reported after an upgrade.
        ready: when a part in the making is ACTIVE; kind and key -> time.
        waits: what such a part waits for beside the time.
        removals: when a part in deletion is gone; kind and key -> (time, what then happens).
        updates: update id -> update.
        interfaces: ids of the control plane's network interfaces.
    """

    region: str
    data: dict[str, Any]
    due: float
    parts: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    control_plane: tuple[str, str] | None = None
    control_plane_gone: bool = False
    join_seconds: float = 0.0
    wanted_version: str = ""
    control_plane_version: str = ""
    ready: dict[tuple[str, str], float] = field(default_factory=dict)
    waits: dict[tuple[str, str], Callable[[], bool]] = field(default_factory=dict)
    removals: dict[tuple[str, str], tuple[float, Callable[[], None]]] = field(default_factory=dict)
    updates: dict[str, Update] = field(default_factory=dict)
    policies: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    interfaces: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.data["name"])

    def kind(self, kind: str) -> dict[str, dict[str, Any]]:
        """The parts of one kind."""
        return self.parts.setdefault(kind, {})


@dataclass
class Store:
    """All clusters of the account."""

    clusters: dict[tuple[str, str], Cluster] = field(default_factory=dict)
    automatic: bool = False

    def in_region(self, region: str) -> list[Cluster]:
        """The clusters of a region, settled."""
        for cluster in list(self.clusters.values()):
            self.settle(cluster)
        return [cluster for (where, _), cluster in self.clusters.items() if where == region]

    def settle(self, cluster: Cluster) -> None:
        """Let everything that is due happen."""
        present = time.monotonic()
        if self.automatic:
            endpoint = f"https://{cluster.name}.{cluster.region}.eks.invalid"
            cluster.control_plane = cluster.control_plane or (endpoint, PLACEHOLDER_CA)
            cluster.control_plane_gone = True
            cluster.control_plane_version = cluster.wanted_version
        self._settle_parts(cluster, present)
        status = cluster.data["status"]
        if status == "CREATING" and cluster.control_plane is not None and present >= cluster.due:
            endpoint, authority = cluster.control_plane
            cluster.data["endpoint"] = endpoint
            cluster.data["certificateAuthority"] = {"data": authority}
            cluster.data["identity"] = {"oidc": {"issuer": issuer(cluster)}}
            cluster.data["status"] = "ACTIVE"
        if status == "DELETING" and cluster.control_plane_gone and present >= cluster.due:
            self.forget(cluster)

    @staticmethod
    def _settle_parts(cluster: Cluster, present: float) -> None:
        for (kind, key), due in list(cluster.ready.items()):
            if present >= due and cluster.waits.get((kind, key), lambda: True)():
                del cluster.ready[(kind, key)]
                cluster.waits.pop((kind, key), None)
                part = cluster.kind(kind).get(key)
                if part is not None and part["status"] in {"CREATING", "UPDATING"}:
                    part["status"] = "ACTIVE"
        for (kind, key), (due, effect) in list(cluster.removals.items()):
            if present >= due:
                del cluster.removals[(kind, key)]
                effect()
                cluster.kind(kind).pop(key, None)
        for update in cluster.updates.values():
            update.settle(present)

    def forget(self, cluster: Cluster) -> None:
        """Take a deleted cluster away with the network parts that EKS made for it."""
        ec2 = backend("ec2", cluster.region)
        for interface in cluster.interfaces:
            if interface in ec2.enis:
                ec2.delete_network_interface(interface)
        group = cluster.data["resourcesVpcConfig"].get("clusterSecurityGroupId")
        if group and ec2.get_security_group_from_id(group) is not None:
            ec2.delete_security_group(group_id=group)
        self.clusters.pop((cluster.region, cluster.name), None)


STORE = Store()


def issuer(cluster: Cluster) -> str:
    """OIDC issuer of a cluster; EKS makes the id up once."""
    return f"https://oidc.eks.{cluster.region}.amazonaws.com/id/{cluster.data['id'].replace('-', '').upper()}"


def find_cluster(region: str, name: str) -> Cluster:
    """A cluster by name.

    Raises:
        AwsError: There is none.
    """
    cluster = STORE.clusters.get((region, name))
    if cluster is not None:
        STORE.settle(cluster)
        cluster = STORE.clusters.get((region, name))
    if cluster is None:
        raise not_found(f"No cluster found for name: {name}.", clusterName=name)
    return cluster


def active_cluster(region: str, name: str) -> Cluster:
    """A cluster that is not being made or deleted.

    Raises:
        AwsError: There is none, or it is in a state in which EKS refuses changes.
    """
    cluster = find_cluster(region, name)
    if cluster.data["status"] in {"CREATING", "DELETING", "FAILED"}:
        raise AwsError("InvalidRequestException", f"Cluster '{name}' is not in ACTIVE status", 400, clusterName=name)
    return cluster


def find_part(cluster: Cluster, kind: str, key: str, message: str, **fields: Any) -> dict[str, Any]:
    """A part of a cluster.

    Raises:
        AwsError: There is none (``message`` says so).
    """
    part = cluster.kind(kind).get(key)
    if part is None:
        raise not_found(message, clusterName=cluster.name, **fields)
    return part


def not_found(message: str, **fields: Any) -> AwsError:
    """EKS's error for something that does not exist."""
    return AwsError("ResourceNotFoundException", message, 404, **fields)


def in_use(message: str, **fields: Any) -> AwsError:
    """EKS's error for something that exists already or is used."""
    return AwsError("ResourceInUseException", message, 409, **fields)


def invalid(message: str, **fields: Any) -> AwsError:
    """EKS's error for a parameter."""
    return AwsError("InvalidParameterException", message, 400, **fields)


def start_update(
    cluster: Cluster,
    kind: str,
    params: dict[str, Any],
    seconds: float,
    apply: Callable[[], None],
    of: str = "",
) -> dict[str, Any]:
    """Begin an update.

    Args:
        cluster: the cluster.
        kind: type of the update, for example ``VersionUpdate``.
        params: what the update changes; type -> value.
        seconds: how long it takes.
        apply: what changes when it is done.
        of: the node group or add-on, as ``nodegroup/core``.

    Returns:
        The update as the API shows it.
    """
    update = Update(new_update(kind, params), time.monotonic() + seconds, apply, of=of)
    return enter_update(cluster, update)


def new_update(kind: str, params: dict[str, Any]) -> dict[str, Any]:
    """What the API shows of an update that begins."""
    return {
        "id": str(uuid.uuid4()),
        "status": "InProgress",
        "type": kind,
        "params": [{"type": name, "value": str(value)} for name, value in params.items()],
        "createdAt": now(),
        "errors": [],
    }


def enter_update(cluster: Cluster, update: Update) -> dict[str, Any]:
    """Keep an update; returns it as the API shows it now."""
    cluster.updates[update.data["id"]] = update
    return dict(update.data)


def part_arn(cluster: Cluster, kind: str, *rest: str) -> str:
    """ARN of a part of a cluster."""
    return arn("eks", "/".join([kind, cluster.name, *rest]), cluster.region)


def tagged(resource_arn: str) -> dict[str, Any] | None:
    """What an EKS ARN names (it has a member ``tags``), or None.

    The ARN of a part ends in an id that no call gives; ``/*`` at its end stands for any.
    """
    names = ("nodegroupArn", "addonArn", "accessEntryArn", "associationArn", "fargateProfileArn")
    beginning = resource_arn.removesuffix("*")
    for cluster in STORE.clusters.values():
        if cluster.data["arn"] == resource_arn:
            return cluster.data
        for parts in cluster.parts.values():
            for part in parts.values():
                found = [str(part[name]) for name in names if part.get(name)]
                if any(it == resource_arn or (beginning != resource_arn and it.startswith(beginning)) for it in found):
                    return part
    return None


def tags_of(resource_arn: str) -> dict[str, str]:
    """Tags of an EKS resource; empty when there is none."""
    found = tagged(resource_arn)
    return dict(found.get("tags") or {}) if found is not None else {}


def page(items: list[Any], params: dict[str, Any], member: str) -> dict[str, Any]:
    """One page of a list, as EKS pages (``maxResults``, ``nextToken``).

    Raises:
        AwsError: The token is not one of ours.
    """
    token = params.get("nextToken") or "0"
    if not str(token).isdigit():
        raise invalid("The next token is invalid.")
    start, size = int(token), int(params.get("maxResults") or 100)
    result: dict[str, Any] = {member: items[start : start + size]}
    if start + size < len(items):
        result["nextToken"] = str(start + size)
    return result
