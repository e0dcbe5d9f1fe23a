# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Fields of AWX's objects, for each kind those that AWX's OPTIONS publish, and what can be linked to what."""

from __future__ import annotations

import dataclasses
from typing import Any

ENCRYPTED = "$encrypted$"


@dataclasses.dataclass(frozen=True)
class Field:
    """One field: its type (str, int, bool, dict, vars: a str that holds a dict, id: a number of the kind `to`)."""

    type: str = "str"
    to: str = ""
    choices: tuple[Any, ...] = ()
    required: bool = False
    read_only: bool = False
    null: bool = False
    default: Any = None


def text(**more: Any) -> Field:
    """A text; AWX takes null for an empty one."""
    return Field("str", **{"default": "", **more})


def flag() -> Field:
    """A boolean that is false by default."""
    return Field("bool", default=False)


def link(to: str, **more: Any) -> Field:
    """The id of another object."""
    return Field("id", to, null=True, **more)


def number(default: int = 0) -> Field:
    """An integer."""
    return Field("int", default=default)


READ_ONLY = Field(read_only=True)
NAMED = {
    "name": text(required=True),
    "description": text(),
    **dict.fromkeys(("id", "type", "url", "related", "summary_fields", "created", "modified"), READ_ONLY),
}
SCM = {"scm_branch": text(), "timeout": number()}
ASKS = ("scm_branch", "limit", "tags", "skip_tags", "inventory", "variables", "labels")
MORE_ASKS = (
    "diff_mode",
    "job_type",
    "verbosity",
    "credential",
    "execution_environment",
    "forks",
    "job_slice_count",
    "timeout",
    "instance_groups",
)
PROMPTS = {
    "extra_data": Field("dict", default={}),
    "inventory": link("inventories"),
    "execution_environment": link("execution_environments"),
    "job_type": text(choices=("run", "check", "", None), null=True, default=None),
    **{name: text(null=True, default=None) for name in ("scm_branch", "limit", "job_tags", "skip_tags")},
    "diff_mode": Field("bool", null=True),
    "verbosity": Field("int", choices=(0, 1, 2, 3, 4, 5, None), null=True),
    **{name: Field("int", null=True) for name in ("forks", "job_slice_count", "timeout")},
}
FIELDS: dict[str, dict[str, Field]] = {
    "organizations": {**NAMED, "max_hosts": number(), "default_environment": link("execution_environments")},
    "credential_types": {
        **NAMED,
        "kind": text(choices=("cloud", "net"), required=True),
        "inputs": Field("dict", default={}),
        "injectors": Field("dict", default={}),
        "managed": READ_ONLY,
        "namespace": READ_ONLY,
    },
    "credentials": {
        **NAMED,
        "organization": link("organizations"),
        "credential_type": link("credential_types", required=True),
        "inputs": Field("dict", default={}),
        "user": link("users"),
        "team": link("teams"),
        "managed": READ_ONLY,
    },
    "execution_environments": {
        **NAMED,
        "organization": link("organizations"),
        "image": text(required=True),
        "credential": link("credentials"),
        "pull": text(choices=("", "always", "missing", "never")),
        "managed": READ_ONLY,
    },
    "notification_templates": {
        **NAMED,
        "organization": link("organizations", required=True),
        "notification_type": text(
            required=True,
            choices=(
                "email",
                "slack",
                "twilio",
                "pagerduty",
                "grafana",
                "webhook",
                "mattermost",
                "rocketchat",
                "irc",
                "awssns",
            ),
        ),
        "notification_configuration": Field("dict", default={}),
        "messages": Field("dict", null=True),
    },
    "projects": {
        **NAMED,
        **SCM,
        "organization": link("organizations"),
        "local_path": text(),
        "scm_type": text(choices=("", "git", "svn", "insights", "archive")),
        "scm_url": text(),
        "scm_refspec": text(),
        **{
            name: flag()
            for name in (
                "scm_clean",
                "scm_track_submodules",
                "scm_delete_on_update",
                "scm_update_on_launch",
                "allow_override",
            )
        },
        "scm_update_cache_timeout": number(),
        "credential": link("credentials"),
        "default_environment": link("execution_environments"),
        "signature_validation_credential": link("credentials"),
        "scm_revision": READ_ONLY,
        "status": READ_ONLY,
    },
    "inventories": {
        **NAMED,
        "organization": link("organizations", required=True),
        "kind": text(choices=("", "smart", "constructed")),
        "host_filter": text(null=True, default=None),
        "variables": Field("vars", default=""),
        "prevent_instance_group_fallback": flag(),
    },
    "inventory_sources": {
        **NAMED,
        **SCM,
        "inventory": link("inventories", required=True),
        "source": text(required=True, choices=("file", "constructed", "scm", "ec2", "terraform", "controller")),
        "source_path": text(),
        "source_vars": Field("vars", default=""),
        "source_project": link("projects"),
        "credential": link("credentials"),
        "execution_environment": link("execution_environments"),
        **{name: text() for name in ("enabled_var", "enabled_value", "host_filter", "limit")},
        **{name: flag() for name in ("overwrite", "overwrite_vars", "update_on_launch")},
        "verbosity": Field("int", choices=(0, 1, 2), default=1),
        "update_cache_timeout": number(),
        "organization": READ_ONLY,
    },
    "job_templates": {
        **NAMED,
        **SCM,
        "job_type": text(choices=("run", "check"), default="run"),
        "inventory": link("inventories"),
        "project": link("projects"),
        "playbook": text(),
        "execution_environment": link("execution_environments"),
        "extra_vars": Field("vars", default=""),
        "verbosity": Field("int", choices=(0, 1, 2, 3, 4, 5), default=0),
        "forks": number(),
        "job_slice_count": number(1),
        **{name: text() for name in ("limit", "job_tags", "skip_tags", "start_at_task", "host_config_key")},
        "webhook_service": text(choices=("", "github", "gitlab", "bitbucket_dc")),
        "webhook_credential": link("credentials"),
        **{
            name: flag()
            for name in (
                "force_handlers",
                "use_fact_cache",
                "survey_enabled",
                "become_enabled",
                "diff_mode",
                "allow_simultaneous",
                "prevent_instance_group_fallback",
                *(f"ask_{name}_on_launch" for name in (*ASKS, *MORE_ASKS)),
            )
        },
        "organization": READ_ONLY,
    },
    "workflow_job_templates": {
        **NAMED,
        "organization": link("organizations"),
        "extra_vars": Field("vars", default=""),
        "inventory": link("inventories"),
        **{name: text(null=True, default=None) for name in ("limit", "scm_branch", "job_tags", "skip_tags")},
        "webhook_service": text(choices=("", "github", "gitlab", "bitbucket_dc")),
        "webhook_credential": link("credentials"),
        **{
            name: flag()
            for name in ("survey_enabled", "allow_simultaneous", *(f"ask_{name}_on_launch" for name in ASKS))
        },
    },
    "workflow_approval_templates": {**NAMED, "timeout": number()},
    "workflow_job_template_nodes": {
        **{name: field for name, field in NAMED.items() if name not in ("name", "description")},
        **PROMPTS,
        "workflow_job_template": link("workflow_job_templates", required=True),
        "unified_job_template": link("unified_job_templates"),
        "all_parents_must_converge": flag(),
        "identifier": text(),
    },
    "schedules": {
        **NAMED,
        **PROMPTS,
        "unified_job_template": link("unified_job_templates", required=True),
        "rrule": text(required=True),
        "enabled": Field("bool", default=True),
    },
}
UNIFIED = ("projects", "inventory_sources", "job_templates", "workflow_job_templates", "workflow_approval_templates")
TYPES = {"inventories": "inventory", **{kind: kind[:-1] for kind in FIELDS if kind != "inventories"}}
#: What is unique with the name.
WITH = {
    "inventory_sources": "inventory",
    "schedules": "unified_job_template",
    **dict.fromkeys(
        ("projects", "inventories", "job_templates", "workflow_job_templates", "notification_templates"), "organization"
    ),
}
NOTIFIED = tuple(f"notification_templates_{event}" for event in ("started", "success", "error"))
APPROVED = (*NOTIFIED, "notification_templates_approvals")
NEXT = ("success_nodes", "failure_nodes", "always_nodes")
#: Lists of other objects, each below its object's address.
LISTS = {
    "organizations": (*APPROVED, "galaxy_credentials", "instance_groups"),
    "projects": NOTIFIED,
    "inventories": ("instance_groups", "labels"),
    "inventory_sources": NOTIFIED,
    "job_templates": (*NOTIFIED, "credentials", "labels", "instance_groups"),
    "workflow_job_templates": (*APPROVED, "labels"),
    "workflow_job_template_nodes": (*NEXT, "credentials", "labels", "instance_groups"),
    "schedules": ("credentials", "labels", "instance_groups"),
}
#: Which launch-time fields need which permission of a template to ask.
ASKED = {"job_tags": "tags", **{name: name for name in PROMPTS if name not in ("job_tags", "extra_data")}}
WEBHOOK: dict[str, tuple[type, Any]] = {
    "url": (str, None),
    "http_method": (str, "POST"),
    "disable_ssl_verification": (bool, False),
    "username": (str, ""),
    "password": (str, ""),
    "headers": (dict, None),
}
