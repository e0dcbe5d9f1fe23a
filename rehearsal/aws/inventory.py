# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""Everything that the account holds, by kind: the proof that an account is empty.

Left out is what an account has without anybody's doing: the default VPC with its parts, AWS's own policies, keys and
images, service-linked roles, the rehearsal's two users; also what EC2 shows for a while after it is gone (terminated
instances, deleted NAT gateways and endpoints). What waits for its deletion (KMS keys, secrets) bills nothing and is
listed on request only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from rehearsal.aws.account import ACCOUNT, regions_in_use
from rehearsal.aws.backups import POINTS
from rehearsal.aws.bootstrap import ADMIN, INSTALLER
from rehearsal.aws.ec2_capacity_reservations import RESERVATIONS
from rehearsal.aws.ec2_nat_gateways import settle as settle_nat_gateways
from rehearsal.aws.ec2_placement_groups import GROUPS
from rehearsal.aws.ec2_snapshots import RESTORES
from rehearsal.aws.ec2_vpc_endpoints import settle as settle_endpoints
from rehearsal.aws.ecr import RULES, TEMPLATES
from rehearsal.aws.eks_store import STORE
from rehearsal.aws.fsx import ASSOCIATIONS, FILE_SYSTEMS
from rehearsal.aws.fsx import settle as settle_file_systems
from rehearsal.aws.grafana import WORKSPACES
from rehearsal.aws.s3files import FILE_SYSTEMS as S3_FILE_SYSTEMS

AWS_ALIAS = "alias/aws/"

Finder = Callable[[Any], Iterable[str]]


def _own_vpcs(ec2: Any) -> set[str]:
    return {vpc.id for vpc in ec2.vpcs.values() if vpc.is_default != "true" and vpc.is_default is not True}


def _values(mapping: Any) -> list[Any]:
    return list(mapping.values())


def _instances(ec2: Any) -> list[str]:
    return [instance.id for instance in ec2.all_instances() if instance.state != "terminated"]


def _subnets(ec2: Any) -> list[str]:
    own = _own_vpcs(ec2)
    return [subnet.id for zone in _values(ec2.subnets) for subnet in _values(zone) if subnet.vpc_id in own]


def _groups(ec2: Any) -> list[str]:
    return [group.id for groups in _values(ec2.groups) for group in _values(groups) if group.name != "default"]


def _route_tables(ec2: Any) -> list[str]:
    own = _own_vpcs(ec2)
    return [table.id for table in _values(ec2.route_tables) if table.vpc_id in own and not table.main_association_id]


def _internet_gateways(ec2: Any) -> list[str]:
    own = _own_vpcs(ec2)
    return [gateway.id for gateway in _values(ec2.internet_gateways) if gateway.vpc is None or gateway.vpc.id in own]


def _network_acls(ec2: Any) -> list[str]:
    own = _own_vpcs(ec2)
    return [acl.id for acl in _values(ec2.network_acls) if acl.vpc_id in own and acl.default not in {True, "true"}]


def _nat_gateways(ec2: Any) -> list[str]:
    settle_nat_gateways(ec2.region_name)
    return [gateway.id for gateway in _values(ec2.nat_gateways) if gateway.state != "deleted"]


def _images(ec2: Any) -> list[str]:
    return [image.id for image in _values(ec2.amis) if image.owner_id == ACCOUNT]


def _snapshots(ec2: Any) -> list[str]:
    return [
        snapshot.id for snapshot in _values(ec2.snapshots) if snapshot.owner_id == ACCOUNT and not snapshot.from_ami
    ]


def _fleets(ec2: Any) -> list[str]:
    return [
        fleet.id for fleet in _values(ec2.fleets) if not fleet.state.startswith("deleted") and fleet.type != "instant"
    ]


def _peerings(ec2: Any) -> list[str]:
    return [peering.id for peering in _values(ec2.vpc_pcxs) if peering._status.code not in {"deleted", "rejected"}]


def _key_aliases(kms: Any) -> list[str]:
    return [alias for key in _values(kms.keys) for alias in key.aliases if not alias.startswith(AWS_ALIAS)]


def _log_groups(logs: Any) -> list[str]:
    return list(logs.groups)


def _rules(events: Any) -> list[str]:
    return [
        f"{bus.name}/{rule.name}"
        for bus in _values(events.event_buses)
        for rule in _values(bus.rules)
        if not rule.managed_by
    ]


def _mount_targets(efs: Any) -> list[str]:
    return [
        target.mount_target_id for system in _values(efs.file_systems_by_id) for target in system.iter_mount_targets()
    ]


def _roles(iam: Any) -> list[str]:
    return [role.name for role in _values(iam.roles) if not role.path.startswith("/aws-service-role/")]


def _users(iam: Any) -> list[str]:
    return [name for name in iam.users if name not in {INSTALLER, ADMIN}]


def _policies(iam: Any) -> list[str]:
    own = [policy for policy in _values(iam.managed_policies) if f":{ACCOUNT}:" in policy.arn]
    return [policy.arn for policy in own if policy.name != INSTALLER and not policy.name.startswith(f"{INSTALLER}-")]


def _parameters(ssm: Any) -> list[str]:
    return [name for name, versions in ssm._parameters.items() if versions and not name.startswith("/aws/")]


def _images_in_repositories(ecr: Any) -> list[str]:
    return [
        f"{name}@{image.image_digest}" for name, repository in ecr.repositories.items() for image in repository.images
    ]


#: Kind -> moto package, and how to find the ids in one of its backends.
KINDS: dict[str, tuple[str, Finder]] = {
    "acm:certificate": ("acm", lambda acm: list(acm._certificates)),
    "aps:workspace": ("amp", lambda amp: list(amp.workspaces)),
    "autoscaling:auto-scaling-group": ("autoscaling", lambda scaling: list(scaling.autoscaling_groups)),
    "cloudformation:stack": ("cloudformation", lambda stacks: list(stacks.stacks)),
    "cloudwatch:alarm": ("cloudwatch", lambda watch: list(watch.alarms)),
    "dynamodb:table": ("dynamodb", lambda dynamodb: list(dynamodb.tables)),
    "ec2:address": ("ec2", lambda ec2: [address.allocation_id for address in ec2.addresses]),
    "ec2:fleet": ("ec2", _fleets),
    "ec2:flow-log": ("ec2", lambda ec2: list(ec2.flow_logs)),
    "ec2:image": ("ec2", _images),
    "ec2:instance": ("ec2", _instances),
    "ec2:internet-gateway": ("ec2", _internet_gateways),
    "ec2:key-pair": ("ec2", lambda ec2: list(ec2.key_pairs)),
    "ec2:launch-template": ("ec2", lambda ec2: list(ec2.launch_templates)),
    "ec2:nat-gateway": ("ec2", _nat_gateways),
    "ec2:network-acl": ("ec2", _network_acls),
    "ec2:network-interface": ("ec2", lambda ec2: list(ec2.enis)),
    "ec2:route-table": ("ec2", _route_tables),
    "ec2:security-group": ("ec2", _groups),
    "ec2:snapshot": ("ec2", _snapshots),
    "ec2:spot-instances-request": ("ec2", lambda ec2: list(ec2.spot_instance_requests)),
    "ec2:subnet": ("ec2", _subnets),
    "ec2:transit-gateway-attachment": ("ec2", lambda ec2: list(ec2.transit_gateway_attachments)),
    "ec2:volume": ("ec2", lambda ec2: list(ec2.volumes)),
    "ec2:vpc": ("ec2", lambda ec2: sorted(_own_vpcs(ec2))),
    "ec2:vpc-endpoint": ("ec2", lambda ec2: [end.id for end in _values(ec2.vpc_end_points) if end.state != "deleted"]),
    "ec2:vpc-peering-connection": ("ec2", _peerings),
    "ec2:vpn-gateway": ("ec2", lambda ec2: list(ec2.vpn_gateways)),
    "ecr:image": ("ecr", _images_in_repositories),
    "ecr:repository": ("ecr", lambda ecr: list(ecr.repositories)),
    "efs:access-point": ("efs", lambda efs: list(efs.access_points)),
    "efs:file-system": ("efs", lambda efs: list(efs.file_systems_by_id)),
    "efs:mount-target": ("efs", _mount_targets),
    "elb:load-balancer": ("elb", lambda elb: list(elb.load_balancers)),
    "elbv2:load-balancer": ("elbv2", lambda elb: list(elb.load_balancers)),
    "elbv2:target-group": ("elbv2", lambda elb: list(elb.target_groups)),
    "events:rule": ("events", _rules),
    "iam:instance-profile": ("iam", lambda iam: list(iam.instance_profiles)),
    "iam:oidc-provider": ("iam", lambda iam: list(iam.open_id_providers)),
    "iam:policy": ("iam", _policies),
    "iam:role": ("iam", _roles),
    "iam:user": ("iam", _users),
    "kms:alias": ("kms", _key_aliases),
    "logs:log-group": ("logs", _log_groups),
    "route53:hosted-zone": ("route53", lambda route53: list(route53.zones)),
    "s3:bucket": ("s3", lambda s3: list(s3.buckets)),
    "sns:topic": ("sns", lambda sns: list(sns.topics)),
    "sqs:queue": ("sqs", lambda sqs: list(sqs.queues)),
    "ssm:parameter": ("ssm", _parameters),
}


def _eks() -> dict[str, list[str]]:
    for cluster in list(STORE.clusters.values()):
        STORE.settle(cluster)
    kinds = {
        "nodegroups": "eks:nodegroup",
        "addons": "eks:addon",
        "access_entries": "eks:access-entry",
        "associations": "eks:pod-identity-association",
    }
    found: dict[str, list[str]] = {"eks:cluster": [cluster.name for cluster in STORE.clusters.values()]}
    for cluster in STORE.clusters.values():
        for kind, name in kinds.items():
            found.setdefault(name, []).extend(f"{cluster.name}/{key}" for key in cluster.kind(kind))
    return found


def _deletable(pending: bool) -> dict[str, list[str]]:
    """KMS keys and secrets: those that wait for their deletion, or those that do not."""
    keys = [
        key.id
        for kms in regions_in_use("kms")
        for key in _values(kms.keys)
        if not any(alias.startswith(AWS_ALIAS) for alias in key.aliases)
        and (key.key_state == "PendingDeletion") == pending
    ]
    secrets = [
        secret.name
        for manager in regions_in_use("secretsmanager")
        for secret in _values(manager.secrets)
        if secret.is_deleted() == pending
    ]
    suffix = "-pending-deletion" if pending else ""
    return {f"kms:key{suffix}": keys, f"secretsmanager:secret{suffix}": secrets}


def inventory(pending: bool = False) -> dict[str, list[str]]:
    """Ids of everything that exists, by kind; kinds without any are left out, so an empty account gives an empty dict.

    Args:
        pending: also list KMS keys and secrets that wait for their deletion.
    """
    found: dict[str, list[str]] = {}
    for ec2 in regions_in_use("ec2"):
        settle_endpoints(ec2.region_name)
    for kind, (service, finder) in KINDS.items():
        found[kind] = [str(item) for one in regions_in_use(service) for item in finder(one)]
    found.update(_eks())
    found.update(_deletable(pending=False))
    if pending:
        found.update(_deletable(pending=True))
    found["ec2:placement-group"] = [name for groups in GROUPS.values() for name in groups]
    found["ec2:capacity-reservation"] = [
        key for every in RESERVATIONS.values() for key, reservation in every.items() if reservation["State"] == "active"
    ]
    settle_file_systems()
    found["fsx:file-system"] = list(FILE_SYSTEMS)
    found["fsx:data-repository-association"] = list(ASSOCIATIONS)
    found["ecr:pull-through-cache-rule"] = [prefix for rules in RULES.values() for prefix in rules]
    found["ec2:fast-snapshot-restore"] = ["/".join(key) for one in RESTORES.values() for key in one]
    found["backup:recovery-point"] = [key for one in POINTS.values() for key in one]
    found["grafana:workspace"] = [key for one in WORKSPACES.values() for key in one]
    found["s3files:file-system"] = [key for one in S3_FILE_SYSTEMS.values() for key in one]
    found["ecr:repository-creation-template"] = [prefix for one in TEMPLATES.values() for prefix in one]
    return {kind: sorted(ids) for kind, ids in sorted(found.items()) if ids}
