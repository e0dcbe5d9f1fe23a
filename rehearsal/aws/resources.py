# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""The resources that a call touches, as IAM names them. EC2's stand in ``ec2_resources``.

Source: Service Authorization Reference. A resource that a call makes has the name ``<type>/*``, as in IAM's own checks
before the id exists. Where a service is not listed, the resource is unknown and any Resource element matches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.aws.account import ACCOUNT, arn, backend
from rehearsal.aws.ec2_resources import ec2_resources
from rehearsal.aws.policy import ANY_RESOURCE, NO_RESOURCE
from rehearsal.aws.s3files import FILE_SYSTEMS as S3_FILE_SYSTEMS
from rehearsal.aws.wire import Call

#: EKS operations without resource-level permissions.
EKS_WITHOUT_RESOURCE = {"ListClusters", "DescribeAddonVersions", "DescribeClusterVersions", "ListAccessPolicies"}


def resources_of(call: Call) -> list[str]:
    """ARNs of the resources of a call; never empty."""
    finder = FINDERS.get(call.service)
    return (finder(call) if finder is not None else []) or [ANY_RESOURCE]


def _iam(call: Call) -> list[str]:
    params = call.params
    iam = backend("iam")
    path = params.get("Path", "/")
    if call.action == "CreateServiceLinkedRole":
        return [arn("iam", f"role/aws-service-role/{params['AWSServiceName']}/*")]
    if "RoleName" in params and "InstanceProfileName" not in params:
        role = next((role for role in iam.roles.values() if role.name == params["RoleName"]), None)
        return [role.arn if role is not None else arn("iam", f"role{path}{params['RoleName']}")]
    if "InstanceProfileName" in params:
        profile = iam.instance_profiles.get(params["InstanceProfileName"])
        return [
            profile.arn if profile is not None else arn("iam", f"instance-profile{path}{params['InstanceProfileName']}")
        ]
    if "UserName" in params:
        return [arn("iam", f"user/{params['UserName']}")]
    if "PolicyArn" in params:
        return [params["PolicyArn"]]
    if "PolicyName" in params:
        return [arn("iam", f"policy{path}{params['PolicyName']}")]
    if "OpenIDConnectProviderArn" in params:
        return [params["OpenIDConnectProviderArn"]]
    if call.action == "CreateOpenIDConnectProvider":
        return [arn("iam", f"oidc-provider/{params['Url'].removeprefix('https://')}")]
    return [NO_RESOURCE] if call.action.startswith("List") else []


def _eks(call: Call) -> list[str]:
    params = call.params
    if "resourceArn" in params:
        return [params["resourceArn"]]
    if call.action in EKS_WITHOUT_RESOURCE:
        return [NO_RESOURCE]
    cluster = params.get("clusterName") or params.get("name")
    if not cluster:
        return []
    cluster_arn = arn("eks", f"cluster/{cluster}", call.region)
    if call.action.startswith(("Create", "List")):
        return [cluster_arn]
    for member, kind in (("nodegroupName", "nodegroup"), ("addonName", "addon")):
        if member in params:
            return [arn("eks", f"{kind}/{cluster}/{params[member]}/*", call.region)]
    if "principalArn" in params:
        principal = params["principalArn"]
        kind, name = ("role" if ":role/" in principal else "user"), principal.rpartition("/")[2]
        return [arn("eks", f"access-entry/{cluster}/{kind}/{principal.split(':')[4]}/{name}/*", call.region)]
    if "associationId" in params:
        return [arn("eks", f"podidentityassociation/{cluster}/{params['associationId']}", call.region)]
    return [cluster_arn]


def _sqs(call: Call) -> list[str]:
    name = call.params.get("QueueName") or str(call.params.get("QueueUrl", "")).rpartition("/")[2]
    return [arn("sqs", name, call.region)] if name else [NO_RESOURCE]


def _events(call: Call) -> list[str]:
    rule = call.params.get("Rule") or (call.params.get("Name") if call.action.endswith("Rule") else None)
    if rule:
        return [arn("events", f"rule/{rule}", call.region)]
    return [call.params["ResourceARN"]] if "ResourceARN" in call.params else []


def _logs(call: Call) -> list[str]:
    name = call.params.get("logGroupName")
    if name:
        return [arn("logs", f"log-group:{name}:*", call.region)]
    return [call.params["resourceArn"]] if "resourceArn" in call.params else []


def _efs(call: Call) -> list[str]:
    params = call.params
    if call.action == "CreateFileSystem":
        return [arn("elasticfilesystem", "file-system/*", call.region)]
    if "AccessPointId" in params:
        return [arn("elasticfilesystem", f"access-point/{params['AccessPointId']}", call.region)]
    if "FileSystemId" in params:
        return [arn("elasticfilesystem", f"file-system/{params['FileSystemId']}", call.region)]
    if "ResourceId" in params:
        kind = "access-point" if params["ResourceId"].startswith("fsap-") else "file-system"
        return [arn("elasticfilesystem", f"{kind}/{params['ResourceId']}", call.region)]
    return []


def _kms(call: Call) -> list[str]:
    if call.action in {"CreateKey", "ListKeys", "ListAliases", "GenerateRandom"}:
        return [NO_RESOURCE]
    found = []
    key = call.params.get("TargetKeyId") or call.params.get("KeyId")
    if key:
        kms = backend("kms", call.region)
        found.append(key if key.startswith("arn:") else arn("kms", f"key/{kms.any_id_to_key_id(key)}", call.region))
    if "AliasName" in call.params:
        found.append(arn("kms", call.params["AliasName"], call.region))
    return found


def _ecr(call: Call) -> list[str]:
    params = call.params
    if call.action.endswith("PullThroughCacheRule") or call.action.endswith("PullThroughCacheRules"):
        return [NO_RESOURCE]
    if call.action.endswith(("RepositoryCreationTemplate", "RepositoryCreationTemplates")):
        return [NO_RESOURCE]
    names = [params["repositoryName"]] if "repositoryName" in params else params.get("repositoryNames", [])
    if "resourceArn" in params:
        return [params["resourceArn"]]
    return [arn("ecr", f"repository/{name}", call.region) for name in names]


def _s3(call: Call) -> list[str]:
    bucket, key = call.params.get("Bucket"), call.params.get("Key")
    if not bucket:
        return [NO_RESOURCE]
    return [f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"]


def _ssm(call: Call) -> list[str]:
    names = [call.params["Name"]] if "Name" in call.params else call.params.get("Names", [])
    if call.action == "DescribeParameters":
        return [NO_RESOURCE]
    return [
        arn("ssm", f"parameter/{name.lstrip('/')}", call.region, "" if name.startswith("/aws/service/") else ACCOUNT)
        for name in names
    ]


def _sts(call: Call) -> list[str]:
    return [call.params["RoleArn"]] if "RoleArn" in call.params else [NO_RESOURCE]


def _dynamodb(call: Call) -> list[str]:
    name = call.params.get("TableName")
    return [arn("dynamodb", f"table/{name}", call.region)] if name else []


def _fsx(call: Call) -> list[str]:
    params = call.params
    if "ResourceARN" in params:
        return [params["ResourceARN"]]
    if call.action == "CreateFileSystem":
        return [arn("fsx", "file-system/*", call.region)]
    found = [arn("fsx", "association/*", call.region)] if call.action == "CreateDataRepositoryAssociation" else []
    if "FileSystemId" in params:
        found.append(arn("fsx", f"file-system/{params['FileSystemId']}", call.region))
    if "AssociationId" in params:
        found.append(arn("fsx", f"association/{params['AssociationId']}", call.region))
    return found or [NO_RESOURCE]


def _amp(call: Call) -> list[str]:
    if call.action in {"CreateWorkspace", "ListWorkspaces"}:
        return [NO_RESOURCE]
    if "resourceArn" in call.params:
        return [call.params["resourceArn"]]
    return [arn("aps", f"workspace/{call.params['workspaceId']}", call.region)] if "workspaceId" in call.params else []


def _elb(call: Call) -> list[str]:
    """Load balancers of both generations, target groups and listeners."""
    params = call.params
    if call.action.startswith("Describe"):
        return [NO_RESOURCE]
    if "LoadBalancerName" in params:
        return [arn("elasticloadbalancing", f"loadbalancer/{params['LoadBalancerName']}", call.region)]
    return [params[name] for name in ("LoadBalancerArn", "TargetGroupArn", "ListenerArn") if name in params]


def _autoscaling(call: Call) -> list[str]:
    name = call.params.get("AutoScalingGroupName")
    group = backend("autoscaling", call.region).autoscaling_groups.get(name) if name else None
    return [group.arn] if group is not None else []


def _secretsmanager(call: Call) -> list[str]:
    wanted = call.params.get("SecretId")
    if call.action == "ListSecrets":
        return [NO_RESOURCE]
    secrets = backend("secretsmanager", call.region).secrets.values()
    return [secret.arn for secret in secrets if wanted in {secret.arn, secret.name}]


def _grafana(call: Call) -> list[str]:
    key = call.params.get("workspaceId")
    return [arn("grafana", f"/workspaces/{key}", call.region)] if key else [NO_RESOURCE]


def _backup(call: Call) -> list[str]:
    return [call.params["RecoveryPointArn"]] if "RecoveryPointArn" in call.params else []


def _s3files(call: Call) -> list[str]:
    """A part of a file system is named below it, whose tags count for it."""
    params = call.params
    if "fileSystemId" in params:
        return [arn("s3files", f"file-system/{params['fileSystemId']}", call.region)]
    part = params.get("mountTargetId") or params.get("accessPointId")
    for key, system in S3_FILE_SYSTEMS.get(call.region, {}).items():
        if part in {*system["targets"], *system["points"]}:
            return [arn("s3files", f"file-system/{key}/{part}", call.region)]
    return []


def _acm(call: Call) -> list[str]:
    return [call.params["CertificateArn"]] if "CertificateArn" in call.params else [NO_RESOURCE]


FINDERS: Mapping[str, Callable[[Call], list[str]]] = {
    "acm": _acm,
    "amp": _amp,
    "autoscaling": _autoscaling,
    "backup": _backup,
    "dynamodb": _dynamodb,
    "ec2": ec2_resources,
    "ecr": _ecr,
    "efs": _efs,
    "eks": _eks,
    "elb": _elb,
    "elbv2": _elb,
    "events": _events,
    "fsx": _fsx,
    "grafana": _grafana,
    "iam": _iam,
    "kms": _kms,
    "logs": _logs,
    "s3": _s3,
    "s3files": _s3files,
    "secretsmanager": _secretsmanager,
    "sqs": _sqs,
    "ssm": _ssm,
    "sts": _sts,
}


def request_tags(call: Call) -> dict[str, str]:
    """Tags that a call puts on what it makes (for EC2: of all resource types together)."""
    params: dict[str, Any] = call.params
    found: dict[str, str] = {}
    for name in ("tags", "Tags", "tagList", "TagList"):
        value = params.get(name)
        if isinstance(value, Mapping):
            found.update({str(key): str(tag) for key, tag in value.items()})
        elif isinstance(value, list):
            found.update(
                {tag["Key"]: tag.get("Value", "") for tag in value if isinstance(tag, Mapping) and "Key" in tag}
            )
            # KMS has names of its own.
            found.update(
                {
                    tag["TagKey"]: tag.get("TagValue", "")
                    for tag in value
                    if isinstance(tag, Mapping) and "TagKey" in tag
                }
            )
    for specification in params.get("TagSpecifications", []):
        found.update({tag["Key"]: tag.get("Value", "") for tag in specification.get("Tags", [])})
    return found
