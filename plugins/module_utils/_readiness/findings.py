# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What a cluster has and lacks, and what an adoption adds. Pure functions of what was found.

Nothing that somebody else made is taken over: where there is a part already, an adoption leaves it alone. A part that
an earlier adoption made is known by its tags and stays wanted, so that a second run finds nothing to do.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._cluster.names import is_ours

Json = t.Mapping[str, t.Any]

#: What an adoption can add.
PARTS = ("karpenter", "pod_identity_agent", "ebs_csi", "efs_csi", "fsx_csi", "efs", "discovery")
KARPENTER_API = "v1"

_AGENT = "eks-pod-identity-agent"
_DRIVERS = {
    # part: (add-on, CSI driver, service account, key of the Terraform root's variable drivers, title)
    "ebs_csi": ("aws-ebs-csi-driver", "ebs.csi.aws.com", "ebs-csi-controller-sa", "ebs-csi", "EBS"),
    "efs_csi": ("aws-efs-csi-driver", "efs.csi.aws.com", "efs-csi-controller-sa", "efs-csi", "EFS"),
    "fsx_csi": ("aws-fsx-csi-driver", "fsx.csi.aws.com", "fsx-csi-controller-sa", "fsx-csi", "FSx for Lustre"),
}


@dataclasses.dataclass(frozen=True)
class Wish:
    """What the user wants of an adoption.

    Attributes:
        parts: of PARTS, what it may add.
        karpenter_namespace: where this collection's Karpenter runs.
    """

    parts: tuple[str, ...]
    karpenter_namespace: str = "karpenter"


@dataclasses.dataclass
class Finding:
    """One thing that Dynamo needs or likes.

    Attributes:
        found: what is there, "" for nothing.
        missing: what is not, "" when all is well.
        needed_for: why it matters.
        what_to_do: how a person gets it, "" when all is well.
        required: whether the installation cannot go on without it.
        adoptable: whether an adoption adds what is missing.
        ours: whether an adoption has added it.
    """

    name: str
    needed_for: str
    found: str = ""
    missing: str = ""
    what_to_do: str = ""
    required: bool = True
    adoptable: bool = False
    ours: bool = False


def judge(facts: Json, aws: Json, inside: Json, wish: Wish) -> dict[str, t.Any]:
    """Return findings, and what follows from them.

    Args:
        facts: the cluster facts.
        aws: see `survey`.
        inside: see `look_inside`.
        wish: what an adoption may add.

    Returns:
        findings: list of dicts with the attributes of Finding.
        adoption: variables of the Terraform root `adopt`.
        facts: the cluster facts, completed by what only the inside of the cluster knows.
    """
    karpenter = foreign_karpenter(aws, inside)
    findings = [
        _access(facts),
        _subnets(facts, aws),
        _nodes(aws, inside),
        _agent(aws, inside, karpenter),
        *_karpenter(facts, aws, inside, karpenter, wish),
        _discovery(facts, aws),
        *(_driver(part, aws, inside) for part in ("ebs_csi", "efs_csi", "fsx_csi") if _matters(part, aws, wish)),
        _file_system(aws, inside),
    ]
    # A cluster that this collection's own Terraform made has its parts from there, not from an adoption.
    own_cluster = is_ours(facts["tags"], facts["name"])
    for finding in findings:
        finding.ours = finding.ours and not own_cluster
        if not finding.missing:
            finding.what_to_do = ""
        elif finding.adoptable:
            wanted = finding.name in wish.parts
            how = "Add -e eks_infra_adopt=true" if wanted else f"Add {finding.name} to eks_infra_adopt_parts"
            finding.what_to_do = f"{how}, or {finding.what_to_do}"
            finding.adoptable = wanted
    return {
        "findings": [dataclasses.asdict(finding) for finding in findings],
        "adoption": adoption(facts, aws, inside, findings, wish),
        "facts": {**facts, **_completed(facts, aws, inside, karpenter)},
    }


def foreign_karpenter(aws: Json, inside: Json) -> dict[str, t.Any]:
    """Return the Karpenter that somebody else runs: installed, foreign, version, namespace, name, auto_mode; or {}."""
    running = inside["karpenter"]
    if running and not _association(aws, running["namespace"], running["service_account"]).get("ours"):
        told = {key: running[key] for key in ("version", "namespace", "name")}
        return {"installed": True, "foreign": True, "auto_mode": False, **told}
    if not running and aws["auto_mode"]:
        auto = {"version": "", "namespace": "", "name": ""}
        return {"installed": True, "foreign": True, "auto_mode": True, **auto}
    return {}


def adoption(facts: Json, aws: Json, inside: Json, findings: t.Sequence[Finding], wish: Wish) -> dict[str, t.Any]:
    """Return the variables of the Terraform root `adopt`: what it has added, and what is missing and may be added."""
    chosen = {
        finding.name
        for finding in findings
        if finding.name in wish.parts and (finding.ours or (finding.missing and finding.adoptable))
    }
    drivers = [part for part in _DRIVERS if part in chosen]
    tagged = [*aws["subnets"], *aws["security_groups"]] if "discovery" in chosen else []
    zones = {item["zone"]: item["id"] for item in reversed(aws["subnets"])}
    return {
        "name": facts["name"],
        "region": facts["region"],
        "authentication_mode": facts["authentication_mode"],
        "enable_karpenter": "karpenter" in chosen,
        "karpenter_namespace": wish.karpenter_namespace,
        "node_needs_cni_policy": not (
            _association(aws, "kube-system", "aws-node").get("role_arn")
            or inside["roles"].get("aws-node")
            or (aws["of_addons"].get("vpc-cni") or {}).get("role_arn")
        ),
        "addons": sorted(
            [_DRIVERS[part][0] for part in drivers] + ([_AGENT] if "pod_identity_agent" in chosen else [])
        ),
        "drivers": sorted(_DRIVERS[part][3] for part in drivers),
        "discovery_resource_ids": sorted(item["id"] for item in tagged if _taggable(item, facts["name"])),
        "enable_efs": "efs" in chosen,
        "vpc_id": facts["vpc_id"],
        "efs_subnet_ids": sorted(zones.values()),
        "node_security_group_ids": sorted(facts["node_security_group_ids"]),
    }


def _completed(facts: Json, aws: Json, inside: Json, karpenter: Json) -> dict[str, t.Any]:
    """Return the facts that only the inside of the cluster knows."""
    more: dict[str, t.Any] = {"karpenter": dict(karpenter)}
    if karpenter and not karpenter["auto_mode"]:
        running = inside["karpenter"]
        role = (inside["node_class_roles"] or [""])[0] or facts["node_role_name"]
        arn = f"arn:{facts['partition']}:iam::{facts['account']}:role/{role}" if role else ""
        known = facts["node_role_name"] == role
        more.update(node_role_name=role, node_role_arn=facts["node_role_arn"] if known else arn)
        more["interruption_queue"] = running["queue"]
        of_pod = _association(aws, running["namespace"], running["service_account"])
        more["karpenter_role_arn"] = running["role_arn"] or of_pod.get("role_arn", "")
    if not facts["efs_id"]:
        more["efs_id"] = _of_storage_class(inside)
    return more


def _association(aws: Json, namespace: str, service_account: str) -> Json:
    for item in aws["associations"]:
        if (item["namespace"], item["service_account"]) == (namespace, service_account):
            return dict(item)
    return {}


def _of_storage_class(inside: Json) -> str:
    systems = {item["file_system"] for item in inside["storage_classes"] if item["file_system"]}
    return systems.pop() if len(systems) == 1 else ""


def _matters(part: str, aws: Json, wish: Wish) -> bool:
    return part != "fsx_csi" or part in wish.parts or _DRIVERS[part][0] in aws["of_addons"]


def _taggable(item: Json, name: str) -> bool:
    """Whether the tag karpenter.sh/discovery of a subnet or group is free for this cluster, or was put there by us."""
    return not item["discovery"] or (item["discovery"] == name == item["mark"])


def _access(facts: Json) -> Finding:
    mode = facts["authentication_mode"] or "CONFIG_MAP"
    finding = Finding("access_entries", "letting Karpenter's nodes join by an access entry", found=mode)
    if mode == "CONFIG_MAP":
        finding.missing = "access entries: the cluster knows its users and nodes by the ConfigMap aws-auth only"
        finding.what_to_do = (
            f"Type: aws eks update-cluster-config --name {facts['name']} --region {facts['region']} "
            "--access-config authenticationMode=API_AND_CONFIG_MAP (aws-auth goes on working; there is no way back)."
        )
    return finding


def _subnets(facts: Json, aws: Json) -> Finding:
    subnets = aws["subnets"]
    told = ", ".join(f"{item['id']} in {item['zone']}" for item in subnets)
    finding = Finding("private_subnets", "nodes that the internet cannot reach", found=told)
    if not subnets:
        finding.missing = f"a private subnet in {facts['vpc_id']}: all have a route to an internet gateway"
        finding.what_to_do = "Make private subnets, in at least two availability zones, with a route to a NAT gateway."
        return finding
    closed = [item["id"] for item in subnets if not item["way_out"]]
    if closed:
        finding.required = False
        finding.missing = f"a way out of {', '.join(closed)}"
        finding.what_to_do = (
            "Give them a default route (NAT gateway, transit gateway), or VPC endpoints for EC2, EKS, ECR, S3, SQS, "
            "STS and SSM with mirrors of all images and models, and set karpenter_gpu_isolated_vpc."
        )
    return finding


def _nodes(aws: Json, inside: Json) -> Finding:
    groups = (
        ", ".join(f"{group['name']} ({group['desired']})" for group in aws["node_groups"]) or "no managed node group"
    )
    finding = Finding(
        "nodes",
        "Karpenter itself and the platform's own services",
        found=f"{inside['nodes']} ready; {'EKS Auto Mode' if aws['auto_mode'] else groups}",
    )
    if not inside["nodes"] and not aws["auto_mode"]:
        finding.missing = "a node that does not come from Karpenter"
        finding.what_to_do = "Make a managed node group of two or more nodes, for example m5.xlarge."
    return finding


def _agent(aws: Json, inside: Json, karpenter: Json) -> Finding:
    addon = aws["of_addons"].get(_AGENT) or {}
    finding = Finding("pod_identity_agent", "roles of Karpenter and the CSI drivers", ours=bool(addon.get("ours")))
    if addon:
        finding.found = f"add-on {addon['version']}"
    elif aws["auto_mode"]:
        finding.found = "part of EKS Auto Mode"
    elif inside["pod_identity_agent"]:
        finding.found = "DaemonSet kube-system/eks-pod-identity-agent"
    else:
        finding.missing, finding.adoptable = "the EKS Pod Identity agent", True
        # Somebody else's Karpenter has its role some other way.
        finding.required = not karpenter
        finding.what_to_do = "install the EKS add-on eks-pod-identity-agent."
    return finding


def _karpenter(facts: Json, aws: Json, inside: Json, karpenter: Json, wish: Wish) -> list[Finding]:
    finding = Finding("karpenter", "nodes with GPUs on demand")
    if karpenter:
        return [_foreign(facts, inside, karpenter, finding)]
    association = _association(aws, wish.karpenter_namespace, "karpenter")
    # Without a role of the controller's, another role of nodes is that of nodes which somebody runs by hand.
    of_nodes = aws["node_role"] if association or aws["node_role"].get("ours") else {}
    parts = {
        f"a role for its service account {wish.karpenter_namespace}/karpenter": association.get("role_arn", ""),
        "a role with an access entry for its nodes": of_nodes.get("arn", ""),
        "a queue for interruptions": aws["queue"].get("name", ""),
    }
    finding.found = ", ".join(value.rpartition("/")[2] for value in parts.values() if value)
    finding.missing = ", ".join(title for title, value in parts.items() if not value)
    finding.ours = bool(association.get("ours"))
    # Roles that somebody else prepared are used, or completed by whoever prepared them.
    finding.adoptable = finding.ours or not association
    # Karpenter works without the queue, only less gracefully.
    finding.required = not (association and of_nodes)
    finding.what_to_do = "make the roles, the access entry and the queue that the Karpenter documentation asks for."
    return [finding]


def _foreign(facts: Json, inside: Json, karpenter: Json, finding: Finding) -> Finding:
    if karpenter["auto_mode"]:
        finding.found = "EKS Auto Mode; the NodePools for GPUs are left to you (docs/existing-cluster.md)"
        return finding
    finding.found = f"Karpenter {karpenter['version']} in namespace {karpenter['namespace']}; it is kept"
    if KARPENTER_API not in inside["karpenter_versions"]:
        finding.missing = f"NodePools of the API version karpenter.sh/{KARPENTER_API}"
        finding.what_to_do = "Upgrade Karpenter, chart and CRDs, to 1.5 or newer."
    elif not inside["node_class_roles"] and not facts["node_role_name"]:
        finding.required = False
        finding.missing = "an EC2NodeClass that names the role of its nodes"
        finding.what_to_do = "Set karpenter_gpu_node_role to a role that this Karpenter may pass on."
    return finding


def _discovery(facts: Json, aws: Json) -> Finding:
    items, name = [*aws["subnets"], *aws["security_groups"]], facts["name"]
    tagged = [item["id"] for item in items if item["discovery"] == name]
    free = [item["id"] for item in items if not item["discovery"]]
    other = sorted({item["discovery"] for item in items} - {"", name})
    finding = Finding(
        "discovery",
        "EC2NodeClasses of your own that choose subnets by tag (this collection's name them by id)",
        found=f"karpenter.sh/discovery={name} on {', '.join(tagged)}" if tagged else "",
        required=False,
        ours=any(item["mark"] == name for item in items),
    )
    if free:
        finding.missing, finding.adoptable = f"the tag karpenter.sh/discovery={name} on {', '.join(free)}", True
        finding.what_to_do = "tag them yourself."
    if other:
        finding.found += f"{'; ' if tagged else ''}others carry the name of another cluster ({', '.join(other)})"
    return finding


def _driver(part: str, aws: Json, inside: Json) -> Finding:
    addon_name, csi_driver, account, _key, title = _DRIVERS[part]
    addon = aws["of_addons"].get(addon_name) or {}
    needed_for = {
        "ebs_csi": "volumes of Prometheus and the platform's own stores",
        "efs_csi": "models shared between nodes by EFS",
        "fsx_csi": "models shared between nodes by FSx for Lustre",
    }[part]
    finding = Finding(part, needed_for, required=part == "ebs_csi", ours=bool(addon.get("ours")))
    default: Json = next((item for item in inside["storage_classes"] if item["default"]), {})
    association = _association(aws, "kube-system", account)
    finding.ours = finding.ours or bool(association.get("ours"))
    role = addon.get("role_arn") or inside["roles"].get(account) or association.get("role_arn", "")
    if addon:
        finding.found = f"add-on {addon['version']}, role {role.rpartition('/')[2] if role else 'of the node'}"
        # What an adoption began it finishes.
        if finding.ours and not role:
            finding.missing, finding.adoptable = f"the role of {account}", True
            finding.what_to_do = f"give kube-system/{account} a role by EKS Pod Identity."
    elif csi_driver in inside["csi_drivers"]:
        finding.found = f"CSI driver {csi_driver}, installed in another way than by the add-on"
    elif part == "ebs_csi" and aws["auto_mode"]:
        finding.found = "part of EKS Auto Mode"
    else:
        finding.missing, finding.adoptable = f"the CSI driver for {title}", True
        finding.what_to_do = f"install the EKS add-on {addon_name} with a role."
        if part == "ebs_csi" and default and default["provisioner"] not in {"kubernetes.io/aws-ebs", csi_driver}:
            finding.required = False
            finding.found = f"volumes of the default storage class {default['name']} ({default['provisioner']})"
        if association and not association["ours"]:
            finding.adoptable = False
    return finding


def _file_system(aws: Json, inside: Json) -> Finding:
    known = aws["efs"].get("id") or _of_storage_class(inside)
    finding = Finding("efs", "models shared between nodes by EFS", found=known, required=False)
    finding.ours = bool(aws["efs"].get("ours"))
    if not known:
        finding.missing, finding.adoptable = "an EFS file system", True
        finding.what_to_do = "make one with mount targets in the nodes' subnets, and a StorageClass for it."
    return finding
