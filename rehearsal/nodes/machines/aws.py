# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What the node agent reads from AWS, with few calls: one list of instances per look, everything else remembered."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from rehearsal.nodes.config import AgentConfig
from rehearsal.nodes.machines.node import NodeGroup

Json = dict[str, Any]
T = TypeVar("T")

_FRESH_SECONDS = 5.0  # for what may change under a running cluster: access entries, associations
_NODE_ENTRY_TYPES = ("EC2_LINUX", "EC2")
_DEFAULT_DISK_GIB = 20


class Aws:
    """Blocking reads; the caller moves them off the event loop."""

    def __init__(self, config: AgentConfig) -> None:
        """Make clients with the rehearsal's administrator."""
        self._config = config
        keys = json.loads(config.aws_admin_file.read_text(encoding="utf-8"))
        session = boto3.session.Session(
            aws_access_key_id=keys["access_key_id"],
            aws_secret_access_key=keys["secret_access_key"],
            region_name=config.region,
        )
        options = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30)

        def client(service: str) -> Any:
            return session.client(service, endpoint_url=config.aws_endpoint, config=options)

        self._ec2, self._eks, self._iam = client("ec2"), client("eks"), client("iam")
        self._types: dict[str, Json] = {}
        self._remembered: dict[tuple[str, str], tuple[Any, float]] = {}

    def _fresh(self, kind: str, key: str, read: Callable[[], T], seconds: float = _FRESH_SECONDS) -> T:
        value, until = self._remembered.get((kind, key), (None, 0.0))
        if time.monotonic() >= until:
            value = read()
            self._remembered[(kind, key)] = (value, time.monotonic() + seconds)
        result: T = value
        return result

    def instances(self) -> list[Json]:
        """Return the cluster's instances that are starting or running."""
        pages = self._ec2.get_paginator("describe_instances").paginate(
            Filters=[
                {"Name": "instance-state-name", "Values": ["pending", "running"]},
                {"Name": "tag-key", "Values": [f"kubernetes.io/cluster/{self._config.cluster}"]},
            ]
        )
        return [dict(row) for page in pages for group in page["Reservations"] for row in group["Instances"]]

    def instance_type(self, name: str) -> Json:
        """Return the description of an instance type."""
        if name not in self._types:
            rows = self._ec2.describe_instance_types(InstanceTypes=[name])["InstanceTypes"]
            self._types[name] = dict(rows[0])
        return self._types[name]

    def node_group(self, name: str) -> NodeGroup | None:
        """Return a managed node group of the cluster; None when there is none of this name (yet)."""

        def read() -> NodeGroup | None:
            try:
                row = self._eks.describe_nodegroup(clusterName=self._config.cluster, nodegroupName=name)["nodegroup"]
            except ClientError as error:
                if error.response["Error"]["Code"] == "ResourceNotFoundException":
                    return None
                raise
            return NodeGroup(
                name,
                str(row.get("nodeRole") or ""),
                str(row.get("capacityType") or "ON_DEMAND"),
                "",
                dict(row.get("labels") or {}),
                tuple(dict(taint) for taint in row.get("taints") or []),
            )

        return self._fresh("group", name, read)

    def instance_role(self, instance: Json) -> str | None:
        """Return the ARN of the role in an instance's profile."""
        arn = str((instance.get("IamInstanceProfile") or {}).get("Arn") or "")
        if not arn:
            return None

        def read() -> str | None:
            try:
                profile = self._iam.get_instance_profile(InstanceProfileName=arn.rpartition("/")[2])
            except ClientError as error:
                if error.response["Error"]["Code"] == "NoSuchEntity":
                    return None
                raise
            roles = profile["InstanceProfile"]["Roles"]
            return str(roles[0]["Arn"]) if roles else None

        return self._fresh("profile", arn, read)

    def may_join(self, role_arn: str) -> bool:
        """Tell whether the cluster has an access entry that lets this role's machines join."""

        def read() -> bool:
            try:
                entry = self._eks.describe_access_entry(clusterName=self._config.cluster, principalArn=role_arn)
            except ClientError as error:
                if error.response["Error"]["Code"] == "ResourceNotFoundException":
                    return False
                raise
            return entry["accessEntry"].get("type") in _NODE_ENTRY_TYPES

        return self._fresh("entry", role_arn, read)

    def disk_gib(self, instance: Json) -> int:
        """Return the size of an instance's largest volume."""
        ids = [row["Ebs"]["VolumeId"] for row in instance.get("BlockDeviceMappings") or [] if "Ebs" in row]
        if not ids:
            return _DEFAULT_DISK_GIB
        volumes = self._ec2.describe_volumes(VolumeIds=ids)["Volumes"]
        return max([int(row["Size"]) for row in volumes], default=_DEFAULT_DISK_GIB)

    def image_name(self, image_id: str) -> str:
        """Return the name of an AMI, "" when it is not known."""

        def read() -> str:
            try:
                rows = self._ec2.describe_images(ImageIds=[image_id])["Images"]
            except ClientError as error:
                if error.response["Error"]["Code"].startswith("InvalidAMIID"):
                    return ""
                raise
            return str(rows[0].get("Name") or "") if rows else ""

        return self._fresh("image", image_id, read, 3600.0)

    def addon_active(self, name: str) -> bool:
        """Tell whether the cluster has an add-on that works."""
        try:
            addon = self._eks.describe_addon(clusterName=self._config.cluster, addonName=name)["addon"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return False
            raise
        return addon.get("status") in ("ACTIVE", "UPDATING")

    def associated_role(self, namespace: str, account: str) -> str | None:
        """Return the role of a ServiceAccount's Pod Identity association."""

        def read() -> str | None:
            rows = self._eks.list_pod_identity_associations(
                clusterName=self._config.cluster, namespace=namespace, serviceAccount=account
            )["associations"]
            ids = [
                row["associationId"]
                for row in rows
                if (row["namespace"], row["serviceAccount"]) == (namespace, account)
            ]
            if not ids:
                return None
            found = self._eks.describe_pod_identity_association(clusterName=self._config.cluster, associationId=ids[0])
            return str(found["association"]["roleArn"])

        return self._fresh("association", f"{namespace}/{account}", read, 1.0)
