# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The embedded AWS's admin API, as the supervisor and the commands use it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rehearsal import localhttp
from rehearsal.cluster import DEFAULT_ISSUER, DEFAULT_SERVICE_CIDR, Description


class AwsAdmin:
    """Calls to one embedded AWS."""

    def __init__(self, endpoint: str, admin_file: Path) -> None:
        """Take its address and the file with its administrator's key."""
        self.endpoint = endpoint
        self._admin_file = admin_file

    def healthy(self) -> bool:
        """Tell whether it serves."""
        return localhttp.succeeds(f"{self.endpoint}/rehearsal/health")

    def clusters(self) -> list[dict[str, Any]]:
        """Return the EKS clusters with name, region, account, version, status and endpoint."""
        return list(localhttp.get_json(f"{self.endpoint}/rehearsal/eks/clusters"))

    def tell(self, cluster: str, what: str, body: dict[str, str] | None) -> None:
        """Say that a cluster is now `active` (with endpoint and authority), `upgraded` (to a version) or `deleted`."""
        localhttp.post_json(f"{self.endpoint}/rehearsal/eks/clusters/{quote(cluster)}/{what}", body or {})

    def inventory(self) -> dict[str, list[str]]:
        """Return everything that exists in the account by kind; empty kinds are left out."""
        found = localhttp.get_json(f"{self.endpoint}/rehearsal/inventory", timeout=30.0)
        return {kind: list(ids) for kind, ids in found.items() if ids}

    def calls(self) -> dict[str, Any]:
        """Return what each principal called, which permissions that took, and what was refused."""
        return dict(localhttp.get_json(f"{self.endpoint}/rehearsal/calls", timeout=30.0))

    def describe(self, entry: dict[str, Any]) -> Description:
        """Return what a cluster's control plane must know, as EKS's DescribeCluster says it.

        Raises:
            OSError: when EKS does not answer or knows no such cluster.
        """
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError

        admin = json.loads(self._admin_file.read_text())
        client = boto3.client(
            "eks",
            endpoint_url=self.endpoint,
            region_name=entry["region"],
            aws_access_key_id=admin["access_key_id"],
            aws_secret_access_key=admin["secret_access_key"],
        )
        try:
            cluster = client.describe_cluster(name=entry["name"])["cluster"]
        except (BotoCoreError, ClientError) as error:
            raise OSError(f"Failed to describe cluster {entry['name']}: {error}") from error
        network = cluster.get("kubernetesNetworkConfig") or {}
        issuer = ((cluster.get("identity") or {}).get("oidc") or {}).get("issuer") or DEFAULT_ISSUER
        return Description(
            name=entry["name"],
            region=entry["region"],
            account=entry["account"],
            service_cidr=network.get("serviceIpv4Cidr") or DEFAULT_SERVICE_CIDR,
            issuer=issuer,
            version=cluster["version"],
        )
