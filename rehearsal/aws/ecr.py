# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""ECR pull-through cache rules and what the repositories get that they make; moto has neither."""

from __future__ import annotations

from typing import Any

from rehearsal.aws.account import ACCOUNT, now
from rehearsal.aws.errors import AwsError
from rehearsal.aws.operations import Context, Result, operation

#: Region -> prefix -> rule.
RULES: dict[str, dict[str, dict[str, Any]]] = {}
#: Region -> prefix -> template of repositories that ECR makes itself.
TEMPLATES: dict[str, dict[str, dict[str, Any]]] = {}
_OF_TEMPLATES = (
    "prefix",
    "description",
    "encryptionConfiguration",
    "resourceTags",
    "imageTagMutability",
    "imageTagMutabilityExclusionFilters",
    "repositoryPolicy",
    "lifecyclePolicy",
    "appliedFor",
    "customRoleArn",
)
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


def _template(region: str, prefix: str) -> dict[str, Any]:
    template = TEMPLATES.get(region, {}).get(prefix)
    if template is None:
        raise AwsError(
            "TemplateNotFoundException",
            f"The repository creation template with prefix '{prefix}' does not exist in the registry with id "
            f"'{ACCOUNT}'",
        )
    return template


@operation("ecr", "CreateRepositoryCreationTemplate")
def create_repository_creation_template(context: Context) -> Result:
    """Make a template. One that tags or encrypts with a key needs a role that ECR takes on."""
    params, templates = context.params, TEMPLATES.setdefault(context.region, {})
    if params["prefix"] in templates:
        raise AwsError(
            "TemplateAlreadyExistsException",
            f"The repository creation template with prefix '{params['prefix']}' already exists in the registry with id "
            f"'{ACCOUNT}'",
        )
    by_key = (params.get("encryptionConfiguration") or {}).get("encryptionType") == "KMS"
    if (params.get("resourceTags") or by_key) and not params.get("customRoleArn"):
        raise AwsError("ValidationException", "A custom role ARN is required for resource tags or KMS encryption.")
    template = {name: params[name] for name in _OF_TEMPLATES if name in params}
    template.setdefault("encryptionConfiguration", {"encryptionType": "AES256"})
    template.setdefault("imageTagMutability", "MUTABLE")
    template.update(createdAt=now(), updatedAt=now())
    templates[params["prefix"]] = template
    return {"registryId": ACCOUNT, "repositoryCreationTemplate": template}


@operation("ecr", "DescribeRepositoryCreationTemplates")
def describe_repository_creation_templates(context: Context) -> Result:
    """List templates, all or those of the given prefixes; missing ones are left out."""
    every = TEMPLATES.get(context.region, {})
    wanted = context.params.get("prefixes") or list(every)
    found = [every[prefix] for prefix in wanted if prefix in every]
    return {"registryId": ACCOUNT, "repositoryCreationTemplates": found}


@operation("ecr", "UpdateRepositoryCreationTemplate")
def update_repository_creation_template(context: Context) -> Result:
    """Change a template."""
    template = _template(context.region, context.params["prefix"])
    template.update({name: context.params[name] for name in _OF_TEMPLATES if name in context.params}, updatedAt=now())
    return {"registryId": ACCOUNT, "repositoryCreationTemplate": template}


@operation("ecr", "DeleteRepositoryCreationTemplate")
def delete_repository_creation_template(context: Context) -> Result:
    """Take a template away."""
    template = _template(context.region, context.params["prefix"])
    del TEMPLATES[context.region][template["prefix"]]
    return {"registryId": ACCOUNT, "repositoryCreationTemplate": template}
