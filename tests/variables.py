# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Write docs/variables.md: every variable of the Terraform root, and what became of the guide's others.

Usage: variables.py [--check]   (with --check nothing is written; exit 1 when the page is not what it would write)
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import hcl2

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "terraform"
PAGE = ROOT / "docs" / "variables.md"
#: Files of variables in the order of the page, with the heading of each.
FILES = {
    "variables.tf": "Cluster",
    "variables_network.tf": "Network",
    "variables_nodes.tf": "Nodes",
    "variables_addons.tf": "Add-ons",
    "variables_storage.tf": "Files, models and images",
    "variables_observability.tf": "Observability",
    "variables_platform.tf": "Inside the cluster",
}
#: Variables of the guide's code that are not declared here: names → why, and what to use instead.
NOT_HERE = {
    "huggingface_token, oauth_jupyter_client_secret": (
        "secrets do not go through Terraform, whose state would keep them; the role `dynamo_platform` takes the token "
        "from `HF_TOKEN` or `dynamo_platform_hf_token_file`"
    ),
    "enable_dynamo_platform, dynamo_platform_version": (
        "later names of `enable_dynamo_stack` and `dynamo_stack_version`; use these"
    ),
    "enable_kube_prometheus_stack": "`observability_mode` of the role `observability`",
    "enable_nvidia_dcgm_exporter": "`observability_dcgm` of the role `observability`",
    "enable_nvidia_device_plugin": "`karpenter_gpu_device_plugin` of the role `karpenter_gpu`",
    (
        "ami_family, bottlerocket_data_disk_snapshot_id, max_user_namespaces, use_bottlerocket, "
        "enable_soci_snapshotter, soci_snapshotter_use_instance_store, enable_custom_karpenter_nodepools, "
        "karpenter_additional_ec2nodeclassnames"
    ): "node classes and pools are `karpenter_gpu_node_classes` and `karpenter_gpu_pools` of the role `karpenter_gpu`",
    "fsx_pvc_namespace": "volumes belong to the examples (`dynamo_example`), not to the infrastructure",
    "enable_ecr_token_refresh, ecr_token_refresh_schedule": "the kubelet renews the tokens for ECR by itself",
    "enable_aws_load_balancer_controller, enable_ingress_nginx, acm_certificate_domain": (
        "nothing here is exposed outside the cluster; whoever wants that brings a controller of their own"
    ),
    "enable_nvidia_gpu_operator, enable_nvidia_dra_driver": (
        "the nodes' image brings the driver, the device plugin the rest; a second of either would get in the way"
    ),
    "enable_leader_worker_set, enable_mpi_operator, enable_slurm_operator, enable_volcano": (
        "for workloads that span nodes; no example here does"
    ),
    "enable_cert_manager, enable_service_mutator_webhook": "nothing here needs it",
    "enable_database_subnets, enable_rayserve_ha_elastic_cache_redis, enable_torchx_etcd": "no database is used",
    (
        "enable_aibrix_stack, aibrix_stack_version, enable_nvidia_nim_stack, enable_kuberay_operator, "
        "enable_amazon_emr, enable_argo_workflows, enable_argo_events, enable_mlflow_tracking, enable_jupyterhub, "
        "jupyter_hub_auth_mechanism, jupyterhub_domain, cognito_custom_domain, oauth_domain, "
        "oauth_jupyter_client_id, oauth_username_key"
    ): "other stacks than Dynamo",
    "enable_kubecost": "`status.yml` and the preflight show the cost",
    "solution_id, solution_description": "they only counted the installs of the guide's authors",
}
INTRODUCTION = """\
<!-- SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors -->
<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Written by tests/variables.py from terraform/variables*.tf: change those, then run it. -->
# Terraform variables

Set them in a variables file (`eks_infra_variables_files`) or in `eks_infra_variables`:

```console
ansible-playbook install.yml -e '{"eks_infra_variables": {"availability_zones_count": 3, "single_nat_gateway": false}}'
```

A wrong value is refused before anything is made, with what to write instead. `name` and `region` come from the
inventory.
"""
REST = """\
## Variables of the guide that are not here

A variables file may go on setting them: Terraform warns of each ("Value for undeclared variable") and ignores it.
"""


def plain(value: Any) -> Any:
    """A value without the quotes and `${}` that the parser leaves around strings and expressions."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items() if key != "__is_block__"}
    if isinstance(value, str) and value.startswith('"') and value.endswith('"'):
        return json.loads(value)
    return value


def variables(path: Path) -> dict[str, dict[str, Any]]:
    """The variables of a file: name → type, default and description; a type as Terraform writes it."""
    with path.open(encoding="utf-8") as stream:
        blocks = hcl2.load(stream).get("variable", [])
    found = {}
    for block in blocks:
        for name, body in block.items():
            kind = re.sub(r"^\$\{(.*)\}$", r"\1", str(body["type"]), flags=re.DOTALL)
            found[plain(name)] = {
                "type": kind,
                "default": plain(body.get("default")),
                "description": plain(body["description"]),
            }
    return found


def shown(value: Any) -> str:
    """A default value as Terraform writes it."""
    if isinstance(value, dict):
        inner = ", ".join(f"{key} = {shown(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    return json.dumps(value)


def cell(text: str) -> str:
    """Text that does not end a table's cell."""
    return text.replace("|", r"\|").replace("<", "&lt;")


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for name, heading in FILES.items():
        rows = [
            f"| `{variable}` | `{found['type']}` | `{shown(found['default'])}` | {cell(found['description'])} |"
            for variable, found in sorted(variables(SOURCE / name).items())
        ]
        parts.append(
            "\n".join([f"## {heading}\n", "| variable | type | default | |", "|---|---|---|---|", *rows]) + "\n"
        )
    rows = [
        f"| {', '.join(f'`{name}`' for name in names.split(', '))} | {reason} |" for names, reason in NOT_HERE.items()
    ]
    parts.append("\n".join([REST, "| variable | instead, or why not |", "|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def main(arguments: list[str]) -> int:
    """Entry point."""
    text = page()
    if "--check" not in arguments:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    print(f"{PAGE.relative_to(ROOT)} is not what {SOURCE.name}/ says. Run {Path(__file__).relative_to(ROOT)}.")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
