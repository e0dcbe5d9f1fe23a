# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""From Terraform's diagnostics to one sentence: what failed, where, why, and what to do next."""

from __future__ import annotations

import re
import typing as t

# Cause (searched in summary and detail) and what to do about it. The first that fits counts.
_HINTS: tuple[tuple[str, str], ...] = (
    (
        r"ExpiredToken|RequestExpired|security token included in the request is expired",
        "The AWS credentials have expired: sign in again and run once more; it goes on from there.",
    ),
    (
        r"No valid credential sources|failed to refresh cached credentials|InvalidClientTokenId"
        r"|UnrecognizedClientException|AuthFailure|SignatureDoesNotMatch",
        "AWS refuses the credentials: check AWS_PROFILE or AWS_ACCESS_KEY_ID; "
        "`aws sts get-caller-identity` must answer.",
    ),
    (
        r"account ID not allowed",
        "The credentials belong to another account than the one that was given: use the right ones, "
        "or correct eks_infra_account_id.",
    ),
    (
        r"OptInRequired|not subscribed to this service|region is not enabled|Invalid AWS Region|invalid AWS Region",
        "This region cannot be used from the account: enable it in the account's settings, or correct dynamo_region.",
    ),
    (
        r"explicit deny",
        "A policy denies the action to the installing principal (a service control policy or a permissions boundary): "
        "ask who administers the account.",
    ),
    (
        r"AccessDenied|UnauthorizedOperation|not authorized to perform",
        "The installing principal lacks a permission: attach the policies of docs/iam/ to it, "
        "or use a principal that has them.",
    ),
    (
        r"Throttling|RequestLimitExceeded|TooManyRequests|Rate exceeded|SlowDown",
        "AWS throttles the account, even after the provider's own retries: run again, with a lower "
        "eks_infra_parallelism or with AWS_RETRY_MODE=adaptive in the environment.",
    ),
    (
        r"LimitExceeded|QuotaExceeded|exceeded your quota|maximum number of",
        "A service quota is used up: raise it in the Service Quotas console, or delete what is no longer needed.",
    ),
    (
        r"overlaps with the range|InvalidSubnet\.Conflict|conflicts with another subnet",
        "Two networks overlap: choose another vpc_cidr, or other subnets.",
    ),
    (
        r"at least two different AZs|two different availability zones|in at least two",
        "EKS needs subnets in two availability zones: name subnets of different zones.",
    ),
    (
        r"AlreadyExists|already exists|ResourceInUseException",
        "It exists but is not in this state: delete it if it is left over from an earlier install, "
        "choose another cluster name, or import it (docs/terraform-state.md).",
    ),
    (
        r"DependencyViolation|has dependencies and cannot be deleted",
        "Something that Terraform did not make still uses it: remove load balancers and network interfaces "
        "of the cluster first.",
    ),
    (
        r"unsupported Kubernetes version",
        "EKS does not offer this version: set eks_cluster_version to one that "
        "`aws eks describe-cluster-versions` lists.",
    ),
    (
        r"NoSuchBucket|S3 bucket .* does not exist",
        "The bucket of the state is not there: correct the backend's config, or set create_bucket: true.",
    ),
    (
        r"InsufficientInstanceCapacity|UnsupportedAvailabilityZone",
        "The availability zone lacks what was asked for: choose other zones or instance types.",
    ),
    (
        r"connection refused|no such host|i/o timeout|request send failed|dial tcp",
        "The AWS API cannot be reached: check the network, the proxy and AWS_ENDPOINT_URL.",
    ),
)


class TerraformError(Exception):
    """A failed Terraform run; the message stands on its own.

    Attributes:
        diagnostics: Terraform's own error diagnostics, as its JSON output has them.
        details: further fields for the task result.
    """

    def __init__(self, message: str, diagnostics: t.Sequence[t.Mapping[str, t.Any]] = (), **details: t.Any) -> None:
        super().__init__(message)
        self.diagnostics = [dict(item) for item in diagnostics]
        self.details = details


def hint_for(text: str) -> str:
    """Return what to do about a cause, an empty string when nothing is known about it."""
    for pattern, hint in _HINTS:
        if re.search(pattern, text, flags=re.IGNORECASE | re.DOTALL):
            return hint
    return ""


def explain(action: str, diagnostics: t.Sequence[t.Mapping[str, t.Any]], fallback: str = "") -> str:
    """Return the error message of a run.

    Args:
        action: what failed, in words, for example "apply".
        diagnostics: diagnostics of any severity; errors count.
        fallback: the cause when there is no error diagnostic (the tail of the output).
    """
    errors = [item for item in diagnostics if item.get("severity") == "error"]
    if not errors:
        cause = _one_line(fallback) or "Terraform ended without a message"
        return f"Failed to {action} the stack: {cause}. Look into the logs of its work directory."
    first = errors[0]
    cause = _cause(first)
    hint = hint_for(f"{first.get('summary', '')} {first.get('detail', '')}")
    if "Invalid value for variable" in str(first.get("summary", "")):
        # Terraform adds where the rule stands; the reader needs only what to write.
        hint = ""
        cause = _one_line(str(first.get("detail", "")).split("This was checked by", maxsplit=1)[0]).rstrip(".")
    more = f" And {len(errors) - 1} more error(s), see diagnostics." if len(errors) > 1 else ""
    return f"Failed to {action} {_object(first)}: {cause}.{' ' + hint if hint else ''}{more}"


def explain_init(output: str, directory: str, cli_config: str) -> str:
    """Return the error message of a failed init, one line whatever Terraform made of it.

    Args:
        output: everything that init printed.
        directory: the work directory.
        cli_config: the CLI configuration file that was in force, an empty string for none.
    """
    text = _one_line(output)
    if re.search(
        r"Failed to query available provider packages|could not connect to registry|Failed to install provider", text
    ):
        found = re.search(r"provider (?:registry\.[\w.]+/)?([\w-]+/[\w-]+)", text)
        provider = found.group(1) if found else "hashicorp/aws"
        mirror = f"the provider mirror of {cli_config}" if cli_config else "a local provider mirror"
        return (
            f"Failed to initialise Terraform in {directory}: the provider {provider} is neither in {mirror} "
            "nor can it be downloaded from its registry. Allow the access, or unpack the provider and name its folder "
            "in a CLI configuration file (provider_installation, filesystem_mirror) given by TF_CLI_CONFIG_FILE."
        )
    error = re.search(r"Error: (.+)", text)
    cause = (error.group(1) if error else text)[:600].rstrip(". ") or "it ended without a message"
    return f"Failed to initialise Terraform in {directory}: {cause}. Try `terraform init` there by hand."


def _object(diagnostic: t.Mapping[str, t.Any]) -> str:
    address = diagnostic.get("address") or ""
    source = diagnostic.get("range") or {}
    place = f"{source['filename']}:{source.get('start', {}).get('line', 1)}" if source.get("filename") else ""
    if address and not str(address).startswith("provider["):
        return f"{address} ({place})" if place else str(address)
    return f"the stack ({place})" if place else "the stack"


def _cause(diagnostic: t.Mapping[str, t.Any]) -> str:
    summary, detail = _one_line(str(diagnostic.get("summary", ""))), _one_line(str(diagnostic.get("detail", "")))
    joined = f"{summary}: {detail}" if detail and detail not in summary else summary
    return joined.rstrip(". ")


def _one_line(text: str) -> str:
    """Return the text on one line, without Terraform's box characters and colours."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*m|[╷│╵]", " ", text).split())
