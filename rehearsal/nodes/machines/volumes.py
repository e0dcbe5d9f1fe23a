# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""EBS volumes for the cluster's claims, with the permissions of the CSI driver's role. Blocking."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal import localhttp
from rehearsal.nodes.config import AgentConfig

ADDON = "aws-ebs-csi-driver"
ACCOUNT = ("kube-system", "ebs-csi-controller-sa")
log = logging.getLogger(__name__)
_HOLD_SECONDS = 600.0
_FRESH_SECONDS = 2.0
_DEFAULT_TYPE = "gp3"


class VolumeError(Exception):
    """AWS refused; the message is the driver's."""


class Volumes:
    """Makes and deletes volumes."""

    def __init__(
        self, config: AgentConfig, addon_active: Callable[[str], bool], find_role: Callable[[str, str], str | None]
    ) -> None:
        """Take how to ask EKS for an add-on's state and for the role of a ServiceAccount."""
        self._config, self._addon_active, self._find_role = config, addon_active, find_role
        self._served: tuple[bool, float] = (False, 0.0)
        self._client: tuple[Any, str, float] = (None, "", 0.0)
        self._made: dict[str, str] = {}

    @property
    def cluster(self) -> str:
        """The cluster's name."""
        return self._config.cluster

    def served(self) -> bool:
        """Tell whether the driver is there."""
        known, until = self._served
        if time.monotonic() >= until:
            try:
                known = self._addon_active(ADDON)
            except (ClientError, BotoCoreError) as error:
                # EKS does not answer: the driver's pods would go on running
                log.debug("Failed to ask for add-on %s: %s.", ADDON, error)
            self._served = (known, time.monotonic() + _FRESH_SECONDS)
        return known

    def _ec2(self) -> Any:
        """Return a client with the driver's credentials.

        Raises:
            VolumeError: when no role is associated with the driver's ServiceAccount, or it cannot be assumed.
        """
        role = self._find_role(*ACCOUNT)
        if role is None:
            raise VolumeError(
                "could not create volume in EC2: no credentials: the ServiceAccount "
                f"{'/'.join(ACCOUNT)} has no Pod Identity association"
            )
        client, of, until = self._client
        if of == role and time.monotonic() < until:
            return client
        body = {
            "role_arn": role,
            "session_name": f"eks-{self._config.cluster}-{ACCOUNT[1]}"[:64],
            "source_arn": f"arn:aws:eks:{self._config.region}:{self._config.account}:cluster/{self._config.cluster}",
        }
        try:
            keys = localhttp.post_json(f"{self._config.aws_endpoint}/rehearsal/credentials", body)
        except OSError as error:
            raise VolumeError(f"could not create volume in EC2: no credentials of {role}: {error}") from error
        client = boto3.client(
            "ec2",
            endpoint_url=self._config.aws_endpoint,
            region_name=self._config.region,
            aws_access_key_id=keys["access_key_id"],
            aws_secret_access_key=keys["secret_access_key"],
            aws_session_token=keys["session_token"],
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30),
        )
        self._client = (client, role, time.monotonic() + _HOLD_SECONDS)
        return client

    def create(self, zone: str, gib: int, parameters: Mapping[str, str], tags: Mapping[str, str]) -> str:
        """Create a volume, or return the one that was made under the same name before.

        Raises:
            VolumeError: when AWS refuses.
        """
        name = tags["CSIVolumeName"]
        if name in self._made:
            return self._made[name]
        wanted: dict[str, Any] = {
            "AvailabilityZone": zone,
            "Size": gib,
            "VolumeType": parameters.get("type", _DEFAULT_TYPE),
            "Encrypted": parameters.get("encrypted") == "true",
            "TagSpecifications": [
                {"ResourceType": "volume", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
            ],
        }
        if parameters.get("kmsKeyId"):
            wanted["KmsKeyId"] = parameters["kmsKeyId"]
        try:
            self._made[name] = str(self._ec2().create_volume(**wanted)["VolumeId"])
        except (ClientError, BotoCoreError) as error:
            raise VolumeError(f'could not create volume "{name}" in EC2: {error}') from error
        return self._made[name]

    def delete(self, volume_id: str) -> None:
        """Delete a volume; one that is gone is fine.

        Raises:
            VolumeError: when AWS refuses.
        """
        try:
            self._ec2().delete_volume(VolumeId=volume_id)
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidVolume.NotFound":
                raise VolumeError(f"could not delete volume {volume_id}: {error}") from error
        except BotoCoreError as error:
            raise VolumeError(f"could not delete volume {volume_id}: {error}") from error
