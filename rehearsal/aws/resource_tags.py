# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""The tags that a resource of an ARN already has, for the condition key ``aws:ResourceTag``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.aws.account import backend
from rehearsal.aws.ec2_resources import resource_tags
from rehearsal.aws.eks_store import tags_of
from rehearsal.aws.identity import find_role


def _plain(tags: Any) -> dict[str, str]:
    """Tags in any of the shapes that moto keeps, as keys and values."""
    if isinstance(tags, Mapping):
        return {str(key): str(value["Value"] if isinstance(value, Mapping) else value) for key, value in tags.items()}
    return {str(tag["Key"]): str(tag.get("Value", "")) for tag in tags or []}


def _last(resource: str) -> str:
    return resource.rpartition("/")[2]


def _iam(_: str, resource: str) -> Any:
    iam = backend("iam")
    if ":role/" in resource:
        return getattr(find_role(resource), "tags", None)
    if ":instance-profile/" in resource:
        return getattr(iam.instance_profiles.get(_last(resource)), "tags", None)
    if ":policy/" in resource:
        return getattr(iam.managed_policies.get(resource), "tags", None)
    return None


def _kms(region: str, resource: str) -> Any:
    return backend("kms", region).tagger.get_tag_dict_for_resource(_last(resource)) if ":key/" in resource else None


def _sqs(region: str, resource: str) -> Any:
    return getattr(backend("sqs", region).queues.get(resource.rpartition(":")[2]), "tags", None)


def _efs(region: str, resource: str) -> Any:
    efs, identifier = backend("efs", region), _last(resource)
    known = identifier in efs.file_systems_by_id or identifier in efs.access_points
    return efs.list_tags_for_resource(identifier) if known else None


def _logs(region: str, resource: str) -> Any:
    name = resource.partition(":log-group:")[2].removesuffix(":*")
    logs = backend("logs", region)
    return logs.list_tags_log_group(name) if name in logs.groups else None


def _events(region: str, resource: str) -> Any:
    return backend("events", region).tagger.get_tag_dict_for_resource(resource)


def _ecr(region: str, resource: str) -> Any:
    repository = backend("ecr", region).repositories.get(resource.partition(":repository/")[2])
    return backend("ecr", region).tagger.get_tag_dict_for_resource(repository.arn) if repository is not None else None


def _amp(region: str, resource: str) -> Any:
    return backend("amp", region).tagger.get_tag_dict_for_resource(resource)


def _fsx(_: str, resource: str) -> Any:
    from rehearsal.aws.fsx import tags_of_resource

    return tags_of_resource(resource)


def _elbv2(region: str, resource: str) -> Any:
    return backend("elbv2", region).tagging_service.get_tag_dict_for_resource(resource)


def _elb(region: str, resource: str) -> Any:
    return getattr(backend("elb", region).load_balancers.get(_last(resource)), "tags", None)


def _autoscaling(region: str, resource: str) -> Any:
    groups = backend("autoscaling", region).autoscaling_groups.values()
    return next((group.tags for group in groups if group.arn == resource), None)


def _secretsmanager(region: str, resource: str) -> Any:
    secrets = backend("secretsmanager", region).secrets.values()
    return next((secret.tags for secret in secrets if secret.arn == resource), None)


def _grafana(region: str, resource: str) -> Any:
    from rehearsal.aws.grafana import WORKSPACES

    return WORKSPACES.get(region, {}).get(_last(resource), {}).get("tags")


def _backup(region: str, resource: str) -> Any:
    from rehearsal.aws.backups import POINTS

    return POINTS.get(region, {}).get(resource, {}).get("Tags")


def _acm(region: str, resource: str) -> Any:
    certificate = backend("acm", region)._certificates.get(resource)
    return dict(certificate.tags.items()) if certificate is not None else None


def _s3files(region: str, resource: str) -> Any:
    from rehearsal.aws.s3files import FILE_SYSTEMS

    return FILE_SYSTEMS.get(region, {}).get(resource.partition(":file-system/")[2].partition("/")[0], {}).get("tags")


FINDERS: Mapping[str, Callable[[str, str], Any]] = {
    "acm": _acm,
    "amp": _amp,
    "autoscaling": _autoscaling,
    "backup": _backup,
    "ec2": resource_tags,
    "ecr": _ecr,
    "efs": _efs,
    "eks": lambda _, resource: tags_of(resource),
    "elb": _elb,
    "elbv2": _elbv2,
    "events": _events,
    "fsx": _fsx,
    "grafana": _grafana,
    "iam": _iam,
    "kms": _kms,
    "logs": _logs,
    "s3files": _s3files,
    "secretsmanager": _secretsmanager,
    "sqs": _sqs,
}


def existing(service: str, region: str, resource: str) -> dict[str, str]:
    """Tags of a resource; empty when it has none, does not exist or is of a service whose tags are not looked up."""
    finder = FINDERS.get(service)
    return _plain(finder(region, resource)) if finder is not None and resource.startswith("arn:") else {}
