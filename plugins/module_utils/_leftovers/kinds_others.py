# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Kinds that say who may do what, carry events, observe, and keep keys and secrets."""

from __future__ import annotations

from .kind import Detail, Kind, Removal, Tagging

_WORKERS = ("ec2_instance", "eks_cluster", "eks_nodegroup", "eks_fargate_profile")
# What is encrypted with a key must go first: without the key it could not be read, and EKS not even be deleted.
_ENCRYPTED = (*_WORKERS, "ebs_volume", "efs_file_system", "fsx_file_system", "s3_bucket", "ecr_repository", "log_group")

OTHERS: tuple[Kind, ...] = (
    Kind(
        "instance_profile",
        "iam",
        "list_instance_profiles",
        "InstanceProfiles[]",
        "InstanceProfileName",
        relations=(("Roles[].RoleName", "@iam_role"),),
        tagging=Tagging("list_instance_profile_tags", "InstanceProfileName", "InstanceProfileName", "Tags"),
        marks="`true`",
        is_global=True,
        note="blocks its role",
        removal=Removal(
            "delete_instance_profile",
            "InstanceProfileName",
            after=("ec2_instance", "launch_template"),
            steps=("empty_profile",),
        ),
    ),
    Kind(
        "iam_role",
        "iam",
        "list_roles",
        "Roles[]",
        "RoleName",
        identity="role_names",
        live="!starts_with(Path, '/aws-service-role/')",
        tagging=Tagging("list_role_tags", "RoleName", "RoleName", "Tags"),
        is_global=True,
        removal=Removal(
            "delete_role",
            "RoleName",
            after=(*_WORKERS, "instance_profile", "cloudformation_stack", "ecr_creation_template"),
            steps=("empty_role",),
        ),
    ),
    Kind(
        "iam_policy",
        "iam",
        "list_policies",
        "Policies[]",
        "Arn",
        identity="policy_arns",
        parameters={"Scope": "Local"},
        tagging=Tagging("list_policy_tags", "PolicyArn", "Arn", "Tags"),
        is_global=True,
        removal=Removal("delete_policy", "PolicyArn", after=("iam_role",), steps=("drop_policy_versions",)),
    ),
    Kind(
        "oidc_provider",
        "iam",
        "list_open_id_connect_providers",
        "OpenIDConnectProviderList[]",
        "Arn",
        # The issuer's address holds a hash of the cluster, not its name: saved ids or the index of tags find it.
        identity="oidc_provider_arns",
        tagging=Tagging("list_open_id_connect_provider_tags", "OpenIDConnectProviderArn", "Arn", "Tags"),
        is_global=True,
        removal=Removal("delete_open_id_connect_provider", "OpenIDConnectProviderArn", after=("eks_cluster",)),
    ),
    Kind(
        "eventbridge_rule",
        "events",
        "list_rules",
        "Rules[?!ManagedBy]",
        "Arn",
        tagging=Tagging("list_tags_for_resource", "ResourceARN", "Arn", "Tags"),
        removal=Removal("delete_rule", "Name", value="Name", steps=("remove_targets",)),
    ),
    Kind(
        "sqs_queue",
        "sqs",
        "list_queues",
        "QueueUrls[].{url: @}",
        "url",
        identity="queue_urls",
        tagging=Tagging("list_queue_tags", "QueueUrl", "url", "Tags"),
        removal=Removal("delete_queue", "QueueUrl", after=("eventbridge_rule", "ec2_instance")),
    ),
    Kind(
        "cloudwatch_alarm",
        "cloudwatch",
        "describe_alarms",
        "MetricAlarms[]",
        "AlarmArn",
        tagging=Tagging("list_tags_for_resource", "ResourceARN", "AlarmArn", "Tags"),
        removal=Removal("delete_alarms", "AlarmNames", value="AlarmName", as_list=True),
    ),
    Kind(
        "amp_workspace",
        "amp",
        "list_workspaces",
        "workspaces[]",
        "workspaceId",
        "tags",
        pending="status.statusCode=='DELETING'",
        removal=Removal("delete_workspace", "workspaceId", after=("ec2_instance",)),
    ),
    Kind(
        "grafana_workspace",
        "grafana",
        "list_workspaces",
        "workspaces[]",
        "id",
        "tags",
        pending="status=='DELETING'",
        note="bills by its editors",
        removal=Removal("delete_workspace", "workspaceId"),
    ),
    Kind(
        "secret",
        "secretsmanager",
        "list_secrets",
        "SecretList[]",
        "ARN",
        "Tags",
        parameters={"IncludePlannedDeletion": True},
        pending="DeletedDate!=null",
        note="its name is held until it is gone for good",
        removal=Removal("delete_secret", "SecretId", parameters={"RecoveryWindowInDays": 7}, after=_WORKERS),
    ),
    Kind(
        "ssm_parameter",
        "ssm",
        "describe_parameters",
        "Parameters[]",
        "Name",
        tagging=Tagging(
            "list_tags_for_resource", "ResourceId", "Name", "TagList", parameters={"ResourceType": "Parameter"}
        ),
        removal=Removal("delete_parameter", "Name"),
    ),
    Kind(
        "log_group",
        "logs",
        "describe_log_groups",
        "logGroups[]",
        "logGroupName",
        identity="log_groups",
        prefixes=("/aws/eks/{cluster}/", "/aws/containerinsights/{cluster}/", "/aws/vpc-flow-log/{cluster}/"),
        note="an old group makes the next install fail",
        # EKS writes its last lines when the cluster goes, and makes the group again for them.
        removal=Removal("delete_log_group", "logGroupName", after=(*_WORKERS, "eks_addon", "flow_log")),
    ),
    Kind(
        "kms_alias",
        "kms",
        "list_aliases",
        "Aliases[]",
        "AliasName",
        relations=(("TargetKeyId", "kms_key_ids"),),
        # An alias has no tags of its own; it belongs to whom its key belongs, whatever it is called.
        tagging=Tagging("list_resource_tags", "KeyId", "TargetKeyId", "Tags"),
        note="a kept alias breaks the next install",
        removal=Removal("delete_alias", "AliasName", after=_WORKERS),
    ),
    Kind(
        "kms_key",
        "kms",
        "list_keys",
        "Keys[]",
        "KeyId",
        relations=(("KeyId", "@kms_alias:TargetKeyId"),),
        identity="kms_key_ids",
        tagging=Tagging("list_resource_tags", "KeyId", "KeyId", "Tags"),
        detail=Detail("describe_key", "KeyId", "KeyMetadata"),
        pending="KeyState=='PendingDeletion'",
        note="pending deletion is free",
        removal=Removal("schedule_key_deletion", "KeyId", parameters={"PendingWindowInDays": 7}, after=_ENCRYPTED),
    ),
)
