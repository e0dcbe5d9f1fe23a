# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Kinds that compute: instances and what starts them, EKS, images."""

from __future__ import annotations

from .kind import Detail, Kind, Removal

_IN_VPC = (("VpcId", "@vpc"),)
_STARTERS = ("auto_scaling_group", "ec2_fleet", "spot_request", "eks_nodegroup")
_OF_CLUSTER = ("eks_cluster", "name")

COMPUTE: tuple[Kind, ...] = (
    Kind(
        "cloudformation_stack",
        "cloudformation",
        "describe_stacks",
        "Stacks[]",
        "StackName",
        "Tags",
        # A nested stack goes with its parent. eksctl marks its stacks by tag; this is the one of Karpenter's guide.
        live="StackStatus!='DELETE_COMPLETE' && !ParentId",
        names=("Karpenter-{cluster}",),
        removal=Removal("delete_stack", "StackName", after=_STARTERS, going="StackStatus=='DELETE_IN_PROGRESS'"),
    ),
    Kind(
        "eks_nodegroup",
        "eks",
        "list_nodegroups",
        "nodegroups[].{name: @}",
        "name || nodegroupName",
        "tags",
        parameters={"clusterName": "{parent}"},
        parent=_OF_CLUSTER,
        detail=Detail("describe_nodegroup", "nodegroupName", "nodegroup", parent="clusterName"),
        note="starts its instances again",
        removal=Removal("delete_nodegroup", "nodegroupName", parent="clusterName", going="status=='DELETING'"),
    ),
    Kind(
        "eks_fargate_profile",
        "eks",
        "list_fargate_profiles",
        "fargateProfileNames[].{name: @}",
        "name || fargateProfileName",
        "tags",
        parameters={"clusterName": "{parent}"},
        parent=_OF_CLUSTER,
        detail=Detail("describe_fargate_profile", "fargateProfileName", "fargateProfile", parent="clusterName"),
        removal=Removal(
            "delete_fargate_profile", "fargateProfileName", parent="clusterName", going="status=='DELETING'"
        ),
    ),
    Kind(
        "spot_request",
        "ec2",
        "describe_spot_instance_requests",
        "SpotInstanceRequests[]",
        "SpotInstanceRequestId",
        "Tags",
        live="State=='open' || State=='active'",
        removal=Removal("cancel_spot_instance_requests", "SpotInstanceRequestIds", as_list=True),
    ),
    Kind(
        "ec2_fleet",
        "ec2",
        "describe_fleets",
        "Fleets[]",
        "FleetId",
        "Tags",
        live="FleetState!='deleted' && FleetState!='deleted_terminating' && Type!='instant'",
        removal=Removal(
            "delete_fleets",
            "FleetIds",
            as_list=True,
            parameters={"TerminateInstances": True},
            failures="UnsuccessfulFleetDeletions[].Error.{code: Code, message: Message}",
        ),
    ),
    Kind(
        "auto_scaling_group",
        "autoscaling",
        "describe_auto_scaling_groups",
        "AutoScalingGroups[]",
        "AutoScalingGroupName",
        "Tags",
        note="starts its instances again",
        # A group of a node group is EKS's to delete.
        page=100,
        removal=Removal(
            "delete_auto_scaling_group",
            "AutoScalingGroupName",
            parameters={"ForceDelete": True},
            after=("eks_nodegroup",),
            going="Status!=null",
        ),
    ),
    Kind(
        "ec2_instance",
        "ec2",
        "describe_instances",
        "Reservations[].Instances[]",
        "InstanceId",
        "Tags",
        _IN_VPC,
        live="State.Name!='terminated'",
        page=1000,
        removal=Removal(
            "terminate_instances", "InstanceIds", as_list=True, after=_STARTERS, going="State.Name=='shutting-down'"
        ),
    ),
    Kind(
        "capacity_reservation",
        "ec2",
        "describe_capacity_reservations",
        "CapacityReservations[]",
        "CapacityReservationId",
        "Tags",
        live="State=='active' || State=='pending' || State=='scheduled'",
        note="bills at the full rate, used or not; never deleted by this collection",
    ),
    Kind(
        "eks_addon",
        "eks",
        "list_addons",
        "addons[].{name: @}",
        "name || addonName",
        "tags",
        parameters={"clusterName": "{parent}"},
        parent=_OF_CLUSTER,
        detail=Detail("describe_addon", "addonName", "addon", parent="clusterName"),
        removal=Removal(
            "delete_addon", "addonName", parent="clusterName", with_parent=True, going="status=='DELETING'"
        ),
    ),
    Kind(
        "eks_pod_identity",
        "eks",
        "list_pod_identity_associations",
        # Those of an add-on are EKS's.
        "associations[?!ownerArn]",
        "associationId",
        "tags",
        parameters={"clusterName": "{parent}"},
        parent=_OF_CLUSTER,
        detail=Detail("describe_pod_identity_association", "associationId", "association", parent="clusterName"),
        removal=Removal("delete_pod_identity_association", "associationId", parent="clusterName", with_parent=True),
    ),
    Kind(
        "eks_access_entry",
        "eks",
        "list_access_entries",
        "accessEntries[?!contains(@, ':role/aws-service-role/')].{principalArn: @}",
        "principalArn",
        "tags",
        parameters={"clusterName": "{parent}"},
        parent=_OF_CLUSTER,
        detail=Detail("describe_access_entry", "principalArn", "accessEntry", parent="clusterName"),
        removal=Removal("delete_access_entry", "principalArn", parent="clusterName", with_parent=True),
    ),
    Kind(
        "eks_cluster",
        "eks",
        "list_clusters",
        "clusters[].{name: @}",
        "name",
        "tags",
        names=("{cluster}",),
        detail=Detail("describe_cluster", "name", "cluster"),
        removal=Removal(
            "delete_cluster",
            "name",
            after=("eks_nodegroup", "eks_fargate_profile", "auto_scaling_group", "ec2_instance"),
            going="status=='DELETING'",
        ),
    ),
    Kind(
        "launch_template",
        "ec2",
        "describe_launch_templates",
        "LaunchTemplates[]",
        "LaunchTemplateId",
        "Tags",
        page=200,
        removal=Removal("delete_launch_template", "LaunchTemplateId", after=_STARTERS),
    ),
    Kind(
        "placement_group",
        "ec2",
        "describe_placement_groups",
        "PlacementGroups[]",
        "GroupName",
        "Tags",
        live="State!='deleted'",
        removal=Removal(
            "delete_placement_group", "GroupName", after=(*_STARTERS, "ec2_instance"), going="State=='deleting'"
        ),
    ),
    Kind(
        "ami",
        "ec2",
        "describe_images",
        "Images[]",
        "ImageId",
        "Tags",
        parameters={"Owners": ["self"]},
        removal=Removal("deregister_image", "ImageId", after=_STARTERS),
    ),
)
