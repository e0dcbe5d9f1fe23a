# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""The machine images that EKS publishes, and the SSM parameters that name them.

Source: EKS User Guide, "Retrieve recommended Amazon Linux AMI IDs" and "… Bottlerocket AMI IDs".
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rehearsal.aws.eks_versions import VERSIONS, release_version

AL2023_OWNER = "602401143452"
BOTTLEROCKET_OWNER = "092701018921"
ARCHITECTURES = {"x86_64": "x86_64", "arm64": "arm64"}
BOTTLEROCKET = "1.64.0"
#: Publication date; moto keeps naive times in UTC.
CREATED = datetime(2026, 7, 14, 10)
AMI_TYPES = {
    "AL2023_x86_64_STANDARD": ("al2023", "standard", "x86_64"),
    "AL2023_ARM_64_STANDARD": ("al2023", "standard", "arm64"),
    "AL2023_x86_64_NVIDIA": ("al2023", "nvidia", "x86_64"),
    "BOTTLEROCKET_x86_64": ("bottlerocket", "standard", "x86_64"),
    "BOTTLEROCKET_x86_64_NVIDIA": ("bottlerocket", "nvidia", "x86_64"),
    "BOTTLEROCKET_ARM_64": ("bottlerocket", "standard", "arm64"),
}


@dataclass(frozen=True)
class NodeImage:
    """An image for nodes.

    Attributes:
        parameters: the SSM parameters (names) that hold its id.
    """

    family: str
    variant: str
    version: str
    architecture: str

    @property
    def name(self) -> str:
        """Name of the image, as in DescribeImages."""
        if self.family == "al2023":
            release = release_version(self.version).rpartition("-")[2]
            return f"amazon-eks-node-al2023-{self.architecture}-{self.variant}-{self.version}-v{release}"
        suffix = "-nvidia" if self.variant == "nvidia" else ""
        return f"bottlerocket-aws-k8s-{self.version}{suffix}-{self.architecture}-v{BOTTLEROCKET}"

    @property
    def image_id(self) -> str:
        """A stable id made from the name."""
        return "ami-" + hashlib.sha256(self.name.encode()).hexdigest()[:17]

    @property
    def owner(self) -> str:
        return AL2023_OWNER if self.family == "al2023" else BOTTLEROCKET_OWNER

    @property
    def parameters(self) -> list[str]:
        if self.family == "al2023":
            root = f"/aws/service/eks/optimized-ami/{self.version}/amazon-linux-2023/{self.architecture}/{self.variant}"
            # Karpenter's alias al2023@latest reads "recommended"; a pinned alias reads the image's own name.
            return [f"{root}/recommended/image_id", f"{root}/{self.name}/image_id"]
        suffix = "-nvidia" if self.variant == "nvidia" else ""
        root = f"/aws/service/bottlerocket/aws-k8s-{self.version}{suffix}/{self.architecture}"
        return [f"{root}/latest/image_id", f"{root}/{BOTTLEROCKET}/image_id"]


def node_images() -> list[NodeImage]:
    """Every image that the rehearsal publishes."""
    return [
        NodeImage(family, variant, version, architecture)
        for version in VERSIONS
        for family, variant, architecture in AMI_TYPES.values()
    ]


def node_image(version: str, ami_type: str) -> str:
    """Id of the image of a node group."""
    family, variant, architecture = AMI_TYPES.get(ami_type, AMI_TYPES["AL2023_x86_64_STANDARD"])
    return NodeImage(family, variant, version, architecture).image_id


def publish_images(ec2: Any) -> None:
    """Make a region know the images."""
    from moto.ec2.models.amis import Ami

    for image in node_images():
        ec2.amis[image.image_id] = Ami(
            ec2_backend=ec2,
            ami_id=image.image_id,
            name=image.name,
            description=f"EKS node image, Kubernetes {image.version}, {image.family} {image.variant}",
            owner_id=image.owner,
            owner_alias="amazon",
            public=True,
            virtualization_type="hvm",
            architecture=ARCHITECTURES[image.architecture],
            state="available",
            creation_date=CREATED,
            image_location=f"amazon/{image.name}",
            image_type="machine",
            root_device_type="ebs",
            root_device_name="/dev/xvda",
            sriov="simple",
            hypervisor="xen",
        )


def publish_parameters(ssm: Any, account: str) -> None:
    """Make a region's Parameter Store know the public parameters."""
    from moto.core.utils import utcnow
    from moto.ssm.models import Parameter

    values = {name: image.image_id for image in node_images() for name in image.parameters}
    for image in node_images():
        if image.family == "bottlerocket":
            name = next(iter(image.parameters)).replace("image_id", "image_version")
            values[name] = BOTTLEROCKET
    for version in VERSIONS:
        root = f"/aws/service/eks/optimized-ami/{version}/amazon-linux-2023"
        for variant in ("standard", "nvidia"):
            values[f"{root}/x86_64/{variant}/recommended/release_version"] = release_version(version)
    for name, value in values.items():
        parameter = Parameter(
            account_id=account,
            name=name,
            value=value,
            parameter_type="String",
            description="",
            allowed_pattern=None,
            keyid=None,
            last_modified_date=utcnow(),
            version=1,
            data_type="text",
        )
        ssm._parameters[name].append(parameter)
