# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What stands behind finalizers, asked of a real API server and of AWS."""

from __future__ import annotations

import typing as t

from .._cluster.aws import Aws
from .._cluster.names import tag_values
from .._kube.client import Client, KubeError
from .absent import Selector
from .absent_client import DeletingCluster
from .guards import Thing
from .predicates import Object

# DescribeTags takes this many load balancers at once.
_BATCH = 20
_STACKS = ("service.k8s.aws/stack", "ingress.k8s.aws/stack", "kubernetes.io/service-name")
_LIVE = ["pending", "running", "shutting-down", "stopping", "stopped"]


class GuardedCluster(DeletingCluster):
    """A cluster whose objects' finalizers may be taken off; `name` is what AWS's tags call it."""

    def __init__(self, client: Client, name: str, aws: Aws) -> None:
        super().__init__(client)
        self._name = name
        self._aws = aws

    def unguard(self, selector: Selector, obj: Object, keep: t.Sequence[str]) -> bool:
        """Leave an object with these finalizers alone; false when it changed since it was read."""
        meta: t.Mapping[str, t.Any] = obj["metadata"]
        resource = self._resource(selector.api_version, selector.kind)
        if resource is None:
            return False
        patch = {"metadata": {"finalizers": list(keep), "resourceVersion": meta["resourceVersion"]}}
        try:
            self._client.merge(resource.path(str(meta.get("namespace") or ""), str(meta["name"])), patch)
        except KubeError as error:
            if error.status in (404, 409):
                return False
            raise
        return True

    def instances(self, identifier: str, tags: t.Mapping[str, str]) -> list[Thing]:
        """Find instances that are not terminated, by id or by tags within the cluster's own."""
        wanted: list[list[dict[str, t.Any]]] = []
        if identifier:
            wanted.append([{"Name": "instance-id", "Values": [identifier]}])
        if tags:
            owned = {"Name": f"tag:kubernetes.io/cluster/{self._name}", "Values": ["owned"]}
            wanted.append([owned, *({"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items())])
        state = {"Name": "instance-state-name", "Values": _LIVE}
        found = {
            instance["InstanceId"]: instance["State"]["Name"]
            for filters in wanted
            for page in self._aws.pages(
                "look for instances", "ec2", "describe_instances", "Reservations", Filters=[*filters, state]
            )
            for instance in page["Instances"]
        }
        return [
            Thing(f"instance {name} is {status}", going=status == "shutting-down")
            for name, status in sorted(found.items())
        ]

    def volume(self, driver: str, handle: str) -> list[Thing]:
        """Find the storage behind a volume."""
        action = f"look for the storage {handle}"
        if driver == "ebs.csi.aws.com":
            by_id = [{"Name": "volume-id", "Values": [handle]}]
            found = self._aws.pages(action, "ec2", "describe_volumes", "Volumes", Filters=by_id)
            return [Thing(f"EBS volume {handle} is {row['State']}", going=row["State"] == "deleting") for row in found]
        if driver == "efs.csi.aws.com":
            point = handle.rsplit("::", 1)[-1]
            if not point.startswith("fsap-"):
                # The file system itself is nobody's of the driver.
                return []
            answer = self._aws.ask(action, "efs", "describe_access_points", AccessPointId=point)
            return [Thing(f"EFS access point {point} is there")] if answer and answer["AccessPoints"] else []
        return [Thing(f"the storage {handle} of {driver}, which cannot be looked up")]

    def balancers(self, hosts: t.Collection[str], stacks: t.Collection[str]) -> list[Thing]:
        """Find load balancers by address, or by the stack that their tags name; all of the cluster without either."""
        action = "look for load balancers"
        modern = self._aws.pages(action, "elbv2", "describe_load_balancers", "LoadBalancers")
        classic = self._aws.pages(action, "elb", "describe_load_balancers", "LoadBalancerDescriptions")
        names = {row["LoadBalancerArn"]: row["LoadBalancerName"] for row in modern}
        found = {row["LoadBalancerName"] for row in [*modern, *classic] if row.get("DNSName") in hosts}
        found |= {names[arn] for arn, tags in self._tags(list(names)).items() if self._is_of(tags, hosts, stacks)}
        return [Thing(f"load balancer {name} is there") for name in sorted(found)]

    def _tags(self, arns: t.Sequence[str]) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for start in range(0, len(arns), _BATCH):
            answer = self._aws.ask(
                "read the tags of load balancers",
                "elbv2",
                "describe_tags",
                missing={"TagDescriptions": []},
                ResourceArns=list(arns[start : start + _BATCH]),
            )
            found.update({row["ResourceArn"]: tag_values(row["Tags"]) for row in answer["TagDescriptions"]})
        return found

    def _is_of(self, tags: t.Mapping[str, str], hosts: t.Collection[str], stacks: t.Collection[str]) -> bool:
        cluster = tags.get("elbv2.k8s.aws/cluster") == self._name
        cluster = cluster or tags.get(f"kubernetes.io/cluster/{self._name}") == "owned"
        if not cluster:
            return False
        return not (hosts or stacks) or any(tags.get(key) in stacks for key in _STACKS)
