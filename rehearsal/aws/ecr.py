# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""ECR pull-through cache rules; moto has none."""

from __future__ import annotations

from typing import Any

from rehearsal.aws.account import ACCOUNT, now
from rehearsal.aws.errors import AwsError
from rehearsal.aws.operations import Context, Result, operation

#: Region -> prefix -> rule.
RULES: dict[str, dict[str, dict[str, Any]]] = {}
#: Upstream registry -> its host; those marked need a secret with credentials.
UPSTREAMS = {
    "public.ecr.aws": ("ecr-public", False),
    "registry.k8s.io": ("k8s", False),
    "quay.io": ("quay", False),
    "registry-1.docker.io": ("docker-hub", True),
    "ghcr.io": ("github-container-registry", True),
}


def _rule(region: str, prefix: str) -> dict[str, Any]:
    rule = RULES.get(region, {}).get(prefix)
    if rule is None:
        raise AwsError(
            "PullThroughCacheRuleNotFoundException",
            f"The pull through cache rule with prefix '{prefix}' does not exist in the registry with id '{ACCOUNT}'",
        )
    return rule


@operation("ecr", "CreatePullThroughCacheRule")
def create_pull_through_cache_rule(context: Context) -> Result:
    """Make a rule."""
    params, rules = context.params, RULES.setdefault(context.region, {})
    prefix, url = params["ecrRepositoryPrefix"], params["upstreamRegistryUrl"]
    if prefix in rules:
        raise AwsError(
            "PullThroughCacheRuleAlreadyExistsException",
            f"The pull through cache rule with prefix '{prefix}' already exists in the registry with id '{ACCOUNT}'",
        )
    if url not in UPSTREAMS:
        raise AwsError("UnsupportedUpstreamRegistryException", f"The upstream registry '{url}' is not supported")
    registry, needs_secret = UPSTREAMS[url]
    if needs_secret and not params.get("credentialArn"):
        raise AwsError("InvalidParameterException", f"A credential ARN is required for the upstream registry '{url}'")
    rule = {
        "ecrRepositoryPrefix": prefix,
        "upstreamRegistryUrl": url,
        "upstreamRegistry": params.get("upstreamRegistry") or registry,
        "upstreamRepositoryPrefix": params.get("upstreamRepositoryPrefix"),
        "createdAt": now(),
        "updatedAt": now(),
        "registryId": ACCOUNT,
        "credentialArn": params.get("credentialArn"),
    }
    rules[prefix] = {key: value for key, value in rule.items() if value is not None}
    return rules[prefix]


@operation("ecr", "DescribePullThroughCacheRules")
def describe_pull_through_cache_rules(context: Context) -> Result:
    """List rules, all or those of the given prefixes."""
    rules = RULES.get(context.region, {})
    wanted = context.params.get("ecrRepositoryPrefixes")
    return {"pullThroughCacheRules": [_rule(context.region, prefix) for prefix in wanted or list(rules)]}


@operation("ecr", "DeletePullThroughCacheRule")
def delete_pull_through_cache_rule(context: Context) -> Result:
    """Take a rule away."""
    rule = _rule(context.region, context.params["ecrRepositoryPrefix"])
    return RULES[context.region].pop(str(rule["ecrRepositoryPrefix"]))
