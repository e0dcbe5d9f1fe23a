# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A small AWX 24: the part of its REST API that the modules of awx.awx use, with AWX's own checks of what it is given.

Objects live in memory. FIELDS has, for each kind, the fields that AWX's OPTIONS publish. Where this differs from AWX it
is stricter: AWX drops a field that it does not know, this answers 400, because a field that is dropped is a mistake.
"""

from __future__ import annotations

import dataclasses
import http.server
import itertools
import json
import os
import re
import threading
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import yaml
from dateutil import rrule

Json = dict[str, Any]
ENCRYPTED = "$encrypted$"


class Refusal(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(status, body)
        self.status, self.body = status, body


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


def is_integer(value: Any) -> bool:
    """Tell whether AWX takes a value for an integer; a bool is none."""
    return isinstance(value, int) and not isinstance(value, bool)


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
SURVEY_TYPES: dict[str, Any] = {
    **dict.fromkeys(("text", "textarea", "password", "multiplechoice", "multiselect"), str),
    "integer": int,
    "float": (float, int),
}
_PLAYBOOK = re.compile(
    r"^\s*?-?\s*?(?:hosts|(ansible\.builtin\.)?include|(ansible\.builtin\.)?import_playbook):\s*?.*?$"
)


def survey_fault(spec: Json) -> str:
    """What AWX has against a survey when it is saved, "" for nothing."""
    for name, kind in (("name", str), ("description", str), ("spec", list)):
        if not isinstance(spec.get(name), kind):
            return f"Field '{name}' is missing from survey spec, or of another type than {kind.__name__}."
    if not spec["spec"]:
        return "'spec' doesn't contain any items."
    seen = set()
    for index, question in enumerate(spec["spec"]):
        for name in ("type", "question_name", "variable", "required"):
            if name not in question:
                return f"'{name}' missing from survey question {index}"
            if not isinstance(question[name], bool if name == "required" else str):
                return f"'{name}' in survey question {index} expected to be another type."
        if question["variable"] in seen:
            return f"'variable' '{question['variable']}' duplicated in survey question {index}."
        seen.add(question["variable"])
        fault = question_fault(question)
        if fault:
            return f"{fault} (survey question {index}, {question['variable']})"
    return ""


def question_fault(question: Json) -> str:
    """What AWX has against one question whose general parts are right, "" for nothing."""
    kind, default = question["type"], question.get("default", "")
    if kind not in SURVEY_TYPES:
        return f"'{kind}' is not one of '{', '.join(SURVEY_TYPES)}' allowed question types."
    if default != "" and not isinstance(default, SURVEY_TYPES[kind]):
        return f"Default value {default} expected to be {kind}."
    if any(question.get(name) is not None and not isinstance(question[name], int) for name in ("min", "max")):
        return "The min or max limit expected to be integer."
    if kind in ("multiplechoice", "multiselect"):
        if "choices" not in question:
            return f"A question of type {kind} must specify choices."
        defaults = [line for line in str(default).splitlines() if line.strip()]
        if kind == "multiplechoice" and len(defaults) > 1:
            return "Multiple Choice (Single Select) can only have one default value."
        if any(line not in question["choices"] for line in defaults):
            return "Default choice must be answered from the choices listed."
    if isinstance(default, str) and default.startswith(ENCRYPTED):
        return "$encrypted$ is a reserved keyword."
    return ""


def answer_fault(question: Json, answers: Json, required: bool = True) -> str:
    """What AWX has against the answer to a question when a job starts, "" for nothing."""
    name, kind = question["variable"], question["type"]
    if name not in answers:
        return f"'{name}' value missing" if question["required"] and required else ""
    answer = answers[name]
    if kind in ("text", "textarea", "password"):
        if not isinstance(answer, str):
            return f"Value {answer} for '{name}' expected to be a string."
        return _range_fault(question, len(answer))
    if kind == "integer" and not is_integer(answer):
        return f"Value {answer} for '{name}' expected to be an integer."
    if kind == "float" and not isinstance(answer, float) and not is_integer(answer):
        return f"Value {answer} for '{name}' expected to be a numeric type."
    if kind in ("integer", "float"):
        return _range_fault(question, answer)
    if kind == "multiselect" and not isinstance(answer, list):
        return f"'{name}' value is expected to be a list."
    choices = question["choices"].splitlines() if isinstance(question["choices"], str) else question["choices"]
    wrong = [one for one in (answer if kind == "multiselect" else [answer]) if one not in choices]
    return f"Value {wrong[0]} for '{name}' expected to be one of {choices}." if wrong else ""


def _range_fault(question: Json, value: float) -> str:
    low, high = question.get("min"), question.get("max")
    if low not in ("", None) and value < low:
        return f"'{question['variable']}' value {value} is too small (must be at least {low})."
    if high not in ("", None) and value > high:
        return f"'{question['variable']}' value {value} is too large (must be no more than {high})."
    return ""


def rrule_faults(value: str) -> list[str]:
    """What AWX has against a schedule's rule."""
    rules = re.findall(r".*?(RULE\:[^\s]*)", value)
    starts = re.findall(r".*?(DTSTART(;[^:]+)?\:[0-9]+T[0-9]+Z?)", value)
    faults = []
    if len(starts) != 1:
        faults.append("Valid DTSTART required in rrule, and only one.")
    if re.findall(r".*?(DTSTART:[0-9]+T[0-9]+) ", value):
        faults.append("DTSTART cannot be a naive datetime.")
    if "rrule:" not in value.lower():
        faults.append("One or more rule required in rrule.")
    for rule in rules:
        if "interval" not in rule.lower():
            faults.append(f"INTERVAL required in rrule: {rule}")
        if "secondly" in rule.lower() or re.match(r".*?BYDAY[\:\=][0-9]+[a-zA-Z]{2}", rule):
            faults.append(f"SECONDLY and BYDAY with numeric prefix not supported: {rule}")
        if "COUNT" in rule and "UNTIL" in rule:
            faults.append(f"RRULE may not contain both COUNT and UNTIL: {rule}")
    try:
        rrule.rrulestr(value.replace(" ", "\n"))
    except ValueError as error:
        faults.append(f"rrule parsing failed validation: {error}")
    return faults


def playbooks(project: Path) -> list[str]:
    """The playbooks that AWX offers of a project."""
    found = []
    for folder, _folders, files in os.walk(project):
        parts = Path(folder).relative_to(project).parts
        if {"roles", "tasks", "group_vars", "host_vars"} & set(parts) or any(part.startswith(".") for part in parts):
            continue
        for name in files:
            path = Path(folder) / name
            if path.suffix in (".yml", ".yaml"):
                lines = path.read_text(encoding="utf-8", errors="ignore").splitlines()
                if any(_PLAYBOOK.match(line) for line in lines):
                    found.append(str(path.relative_to(project)))
    return sorted(found)


class Awx:
    """The objects, and what AWX does to them.

    Args:
        token: the only token that is let in.
        checkout: what every project fetches.
    """

    def __init__(self, token: str, checkout: Path) -> None:
        self.token, self.checkout = token, checkout
        self.objects: dict[str, dict[int, Json]] = {kind: {} for kind in FIELDS}
        self.lists: dict[tuple[str, int, str], list[int]] = {}
        self.surveys: dict[int, Json] = {}
        self.updates: dict[int, Json] = {}
        self.secrets: dict[int, Json] = {}
        #: Method, path and body of every request, without the inputs of credentials.
        self.log: list[tuple[str, str, Json]] = []
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        secret = {"type": "string", "secret": True}
        aws = {"username": {"type": "string"}, "password": secret, "security_token": secret}
        for name, fields in (("Amazon Web Services", aws), ("Ansible Galaxy/Automation Hub API Token", {})):
            inputs = {"fields": [{"id": key, "label": key, **value} for key, value in fields.items()]}
            self._add("credential_types", {"name": name, "kind": "cloud", "inputs": inputs, "managed": True})
        self._add("credentials", {"name": "Ansible Galaxy", "credential_type": 2, "inputs": {}})

    def changes(self) -> int:
        """How many requests were more than a question."""
        return sum(method != "GET" for method, _path, _body in self.log)

    def named(self, kind: str, name: str) -> Json:
        """The object of a kind and name (or a node's identifier)."""
        return next(one for one in self.objects[kind].values() if name in (one.get("name"), one.get("identifier")))

    def names(self, kind: str, ids: list[int]) -> list[str]:
        """The names of objects."""
        return [str(self.objects[kind][one].get("name", self.objects[kind][one].get("identifier"))) for one in ids]

    def handle(self, method: str, path: str, query: dict[str, str], body: Json) -> tuple[int, Json]:
        """Answer one request."""
        with self._lock:
            shown = {**body, "inputs": "..."} if re.fullmatch(r"/api/v2/credentials/(\d+/)?", path) else body
            self.log.append((method, path, shown))
            parts = path.removeprefix("/api/v2/").strip("/").split("/")
            if parts[0] in ("ping", "config") and method == "GET":
                return 200, {"version": "24.6.1"}
            if parts[0] == "project_updates" and method == "GET":
                return 200, self._update(int(parts[1]))
            if len(parts) == 1:
                return self._many(method, parts[0], query, body)
            if parts[0] in FIELDS and parts[1].isdigit() and int(parts[1]) in self.objects[parts[0]]:
                if len(parts) == 2:
                    return self._one(method, parts[0], int(parts[1]), body)
                if len(parts) == 3:
                    return self._below(method, parts[0], int(parts[1]), parts[2], body)
            raise Refusal(404, {"detail": "Not found."})

    def _many(self, method: str, kind: str, query: dict[str, str], body: Json) -> tuple[int, Json]:
        if method == "GET" and (kind in FIELDS or kind == "unified_job_templates"):
            kinds = UNIFIED if kind == "unified_job_templates" else (kind,)
            found = [one for part in kinds for one in self.objects[part].values() if matches(one, query)]
            return 200, {"count": len(found), "next": None, "previous": None, "results": [self.shown(o) for o in found]}
        if method == "POST" and kind in FIELDS and kind != "workflow_approval_templates":
            made = self._add(kind, self.valid(kind, body, {}))
            if kind == "projects" and made["scm_type"]:
                update = next(self._ids)
                self.updates[update] = {"id": update, "status": "running", "project": made["id"]}
                made["summary_fields"]["current_update"] = {"id": update}
            return 201, self.shown(made)
        raise Refusal(405, {"detail": f'Method "{method}" not allowed.'})

    def _one(self, method: str, kind: str, number_: int, body: Json) -> tuple[int, Json]:
        found = self.objects[kind][number_]
        if method == "PATCH":
            if kind == "credential_types" and found.get("managed"):
                raise Refusal(403, {"detail": "Modifications not allowed for managed credential types"})
            found.update(self.valid(kind, body, found))
        elif method == "DELETE":
            del self.objects[kind][number_]
            self.lists = {
                key: [one for one in ids if one != number_]
                for key, ids in self.lists.items()
                if key[:2] != (kind, number_)
            }
            return 204, {}
        elif method != "GET":
            raise Refusal(405, {"detail": f'Method "{method}" not allowed.'})
        return 200, self.shown(found)

    def _below(self, method: str, kind: str, number_: int, name: str, body: Json) -> tuple[int, Json]:
        if name == "survey_spec" and kind in ("job_templates", "workflow_job_templates"):
            if method == "POST":
                fault = survey_fault(body)
                if fault:
                    raise Refusal(400, {"error": fault})
                self.surveys[number_] = body
            elif method == "DELETE":
                self.surveys.pop(number_, None)
            return 200, self.surveys.get(number_, {}) if method == "GET" else {}
        if name == "create_approval_template" and kind == "workflow_job_template_nodes" and method == "POST":
            made = self._add("workflow_approval_templates", self.valid("workflow_approval_templates", body, {}))
            self.objects[kind][number_]["unified_job_template"] = made["id"]
            return 201, self.shown(made)
        if name not in LISTS.get(kind, ()):
            raise Refusal(404, {"detail": "Not found."})
        ids = self.lists.setdefault((kind, number_, name), [])
        of = self._listed(name)
        if method == "GET":
            results = [self.shown(self.objects[of][one]) for one in ids]
            return 200, {"count": len(ids), "next": None, "previous": None, "results": results}
        if method != "POST" or set(body) - {"id", "disassociate"} or not is_integer(body.get("id")):
            raise Refusal(400, {"msg": '"id" is required, as an integer'})
        if body.get("disassociate"):
            ids.remove(body["id"])
        else:
            self._associate(kind, number_, name, of, body["id"])
            ids.append(body["id"])
        return 204, {}

    @staticmethod
    def _listed(name: str) -> str:
        if name.startswith("notification_templates_"):
            return "notification_templates"
        return "workflow_job_template_nodes" if name in NEXT else name.removeprefix("galaxy_")

    def _associate(self, kind: str, number_: int, name: str, of: str, other: int) -> None:
        if other not in self.objects.get(of, {}):
            raise Refusal(400, {"detail": f"{of} {other} does not exist."})
        if of == "credentials" and kind == "job_templates":
            types = [self.objects[of][one]["credential_type"] for one in self.lists[kind, number_, name]]
            if self.objects[of][other]["credential_type"] in types:
                raise Refusal(400, {"error": "Cannot assign multiple credentials of one type."})
        if of == "workflow_job_template_nodes":
            nodes = self.objects[of]
            if nodes[number_]["workflow_job_template"] != nodes[other]["workflow_job_template"]:
                raise Refusal(400, {"Error": "Nodes of different workflows."})
            if number_ in self._reached(other):
                raise Refusal(400, {"Error": "Cycle detected."})

    def _reached(self, node: int) -> set[int]:
        after = [one for name in NEXT for one in self.lists.get(("workflow_job_template_nodes", node, name), [])]
        return {node}.union(*(self._reached(one) for one in after))

    def _update(self, number_: int) -> Json:
        """The state of a project's update, which is done when it has been asked about twice."""
        if number_ not in self.updates:
            raise Refusal(404, {"detail": "Not found."})
        update = self.updates[number_]
        shown = dict(update)
        if update["status"] == "running":
            update["status"] = "successful"
            project = self.objects["projects"][update["project"]]
            project["summary_fields"].pop("current_update", None)
            project["playbooks"] = playbooks(self.checkout)
        return shown

    def _add(self, kind: str, values: Json) -> Json:
        new = next(self._ids)
        url = f"/api/v2/{kind}/{new}/"
        below = {name: f"{url}{name}/" for name in (*LISTS.get(kind, ()), "survey_spec", "update")}
        made = {
            **{name: field.default for name, field in FIELDS[kind].items() if not field.read_only},
            "managed": False,
            "scm_revision": "",
            **values,
            "id": new,
            "type": TYPES[kind],
            "url": url,
            "related": below,
            "summary_fields": {},
        }
        self.objects[kind][new] = made
        return made

    def unified(self, number_: int | None) -> Json:
        """What can be run, by its id; {} for nothing."""
        return next((self.objects[kind][number_] for kind in UNIFIED if number_ in self.objects[kind]), {})

    def shown(self, found: Json) -> Json:
        """An object as AWX shows it: secrets hidden, addresses of what it refers to."""
        result = {name: value for name, value in found.items() if name != "playbooks"}
        result["related"] = dict(found["related"])
        if found["type"] == "credential":
            hidden = {one["id"] for one in self._inputs(found) if one.get("secret")}
            result["inputs"] = {name: ENCRYPTED if name in hidden else value for name, value in found["inputs"].items()}
        if found.get("unified_job_template"):
            result["related"]["unified_job_template"] = self.unified(found["unified_job_template"])["url"]
        return result

    def _inputs(self, credential: Json) -> list[Json]:
        return list(self.objects["credential_types"][credential["credential_type"]]["inputs"].get("fields", []))

    def valid(self, kind: str, body: Json, old: Json) -> Json:
        """What a body sets, or a refusal as AWX words it."""
        faults: Json = {}
        values: Json = {}
        for name, value in body.items():
            field = FIELDS[kind].get(name)
            if field is None:
                faults[name] = ["AWX has no such field."]
            elif not field.read_only and not (old and name == "workflow_job_template"):
                values[name], fault = self._value(field, value)
                faults.update({name: [fault]} if fault else {})
        for name, field in FIELDS[kind].items():
            if field.required and not old and values.get(name) in (None, ""):
                faults.setdefault(name, ["This field is required."])
        if not faults:
            rule = getattr(self, f"_valid_{kind}", None)
            whole = {**{name: field.default for name, field in FIELDS[kind].items()}, **old, **values}
            faults = (rule(whole, values) if rule else None) or self._taken(kind, whole, old)
        if faults:
            raise Refusal(400, faults)
        return values

    def _value(self, field: Field, value: Any) -> tuple[Any, str]:
        if value is None and field.null:
            return None, ""
        if value is None and field.type == "str":
            value = ""
        kinds = {"str": str, "vars": str, "int": int, "bool": bool, "dict": dict, "id": int}
        if not isinstance(value, kinds[field.type]) or (field.type in ("int", "id") and isinstance(value, bool)):
            return value, f"Incorrect type. Expected {field.type}, received {type(value).__name__}."
        if field.choices and value not in field.choices:
            return value, f'"{value}" is not a valid choice.'
        if field.type == "vars" and value and not isinstance(yaml.safe_load(value), dict):
            return value, "Cannot parse as JSON or YAML."
        if field.type == "id":
            there = self.unified(value) if field.to == "unified_job_templates" else self.objects.get(field.to, {})
            if not there or (field.to != "unified_job_templates" and value not in there):
                return value, f'Invalid pk "{value}" - object does not exist.'
        return value, ""

    def _taken(self, kind: str, whole: Json, old: Json) -> Json:
        key = "identifier" if kind == "workflow_job_template_nodes" else "name"
        beside = "workflow_job_template" if key == "identifier" else WITH.get(kind, "")
        for other in self.objects[kind].values():
            same = other[key] == whole[key] and (not beside or other.get(beside) == whole.get(beside))
            if same and kind != "workflow_approval_templates" and other["id"] != old.get("id"):
                return {"__all__": [f"{kind} with this {beside} and {key} already exists."]}
        return {}

    def _valid_credential_types(self, whole: Json, _values: Json) -> Json:
        fields = whole["inputs"].get("fields", [])
        for field in fields:
            unknown = set(field) - {
                "id",
                "label",
                "type",
                "format",
                "choices",
                "help_text",
                "multiline",
                "secret",
                "default",
            }
            if unknown or not field.get("label") or not re.fullmatch(r"[a-zA-Z_]\w*", field.get("id", "")):
                return {"inputs": [f"Additional properties, no label or a wrong id: {field}"]}
        if set(whole["inputs"]) - {"fields", "required"} or set(whole["injectors"]) - {"file", "env", "extra_vars"}:
            return {"injectors": ["Additional properties are not allowed."]}
        environment = jinja2.Environment(undefined=jinja2.StrictUndefined)  # Nothing of it reaches a browser.
        for name, template in whole["injectors"].get("env", {}).items():
            if name.startswith("ANSIBLE_") or name in ("PATH", "PYTHONPATH", "VIRTUAL_ENV"):
                return {"injectors": [f"Environment variable {name} is not allowed to be used in credentials."]}
            try:
                environment.from_string(template).render({field["id"]: "EXAMPLE" for field in fields})
            except jinja2.TemplateError as error:
                return {"injectors": [f"{name} uses an undefined field ({error})"]}
        return {}

    def _valid_credentials(self, whole: Json, values: Json) -> Json:
        if not any(whole.get(name) for name in ("organization", "user", "team")):
            return {"detail": "Missing 'user', 'team', or 'organization'."}
        unknown = set(whole["inputs"]) - {field["id"] for field in self._inputs(whole)}
        if unknown:
            return {"inputs": [f"Additional properties are not allowed ({', '.join(sorted(unknown))})"]}
        return {}

    def _valid_notification_templates(self, whole: Json, values: Json) -> Json:
        given = values.get("notification_configuration")
        if whole["notification_type"] != "webhook" or given is None:
            return {}
        for name, (kind, default) in WEBHOOK.items():
            if name not in given and default is None:
                return {"__all__": [f"Missing required fields for Notification Configuration: ['{name}']."]}
            given.setdefault(name, default)
            if not isinstance(given[name], kind):
                return {"__all__": [f"Configuration field '{name}' incorrect type."]}
        return {}

    def _valid_inventory_sources(self, whole: Json, _values: Json) -> Json:
        self.organization(whole, self.objects["inventories"], "inventory", _values)
        if whole["source"] != "scm":
            return {}
        if whole["source_project"] is None:
            return {"source_project": ["Project required for scm type sources."]}
        return {} if (self.checkout / whole["source_path"]).is_file() else {"source_path": ["No such file."]}

    @staticmethod
    def organization(whole: Json, others: dict[int, Json], name: str, values: Json) -> None:
        """Take the organization of what an object refers to."""
        values["organization"] = others[whole[name]]["organization"] if whole[name] in others else None
        whole["organization"] = values["organization"]

    def _valid_job_templates(self, whole: Json, values: Json) -> Json:
        self.organization(whole, self.objects["projects"], "project", values)
        project = self.objects["projects"].get(whole["project"])
        if project is None:
            return {"project": ["Job Templates must have a project assigned."]}
        if whole["inventory"] is None and not whole["ask_inventory_on_launch"]:
            return {"inventory": ["You must either set a default value or ask to prompt on launch."]}
        if not whole["playbook"]:
            return {"playbook": ["Must select playbook for project."]}
        if not project["allow_override"] and whole["playbook"] not in project.get("playbooks", []):
            return {"playbook": ["Playbook not found for project."]}
        return {}

    def _valid_workflow_job_template_nodes(self, whole: Json, values: Json) -> Json:
        return self._launch_faults(whole, values, required=False)

    def _valid_schedules(self, whole: Json, values: Json) -> Json:
        faults = rrule_faults(whole["rrule"])
        return {"rrule": faults} if faults else self._launch_faults(whole, values, required=True)

    def _launch_faults(self, whole: Json, values: Json, required: bool) -> Json:
        """What AWX has against starting a template so."""
        template = self.unified(whole["unified_job_template"])
        if not template:
            return {}
        for name, asked in ASKED.items():
            if values.get(name) is not None and not template.get(f"ask_{asked}_on_launch"):
                return {name: ["Field is not configured to prompt on launch."]}
        questions = self.surveys.get(template["id"], {}).get("spec", []) if template.get("survey_enabled") else []
        extra = whole["extra_data"]
        faults = [fault for fault in (answer_fault(one, extra, required) for one in questions) if fault]
        if faults:
            return {"variables_needed_to_start": faults}
        unknown = set(extra) - {one["variable"] for one in questions}
        if unknown and not template.get("ask_variables_on_launch"):
            return {"extra_data": [f"Variables {', '.join(sorted(unknown))} are not allowed on launch."]}
        return {}


def matches(found: Json, query: dict[str, str]) -> bool:
    """Whether an object is one that a list's filters mean; a filter that AWX does not know is refused."""
    either = []
    for key, wanted in query.items():
        name = key.removeprefix("or__").removesuffix("__in")
        if name in ("page", "page_size", "order_by"):
            continue
        if name not in found and name not in ("organization", "type"):
            raise Refusal(400, {"detail": f"{found['type']} has no field named '{name}'"})
        value = "None" if found.get(name) is None else str(found[name])
        hit = value in wanted.split(",") if key.endswith("__in") else value == wanted
        if key.startswith("or__"):
            either.append(hit)
        elif not hit:
            return False
    return any(either) if either else True


class Server(http.server.ThreadingHTTPServer):
    """AWX behind a port of 127.0.0.1."""

    daemon_threads = True

    def __init__(self, awx: Awx) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.awx = awx

    @property
    def address(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    """One request."""

    server: Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def _answer(self) -> None:
        parsed = urllib.parse.urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            if self.headers.get("Authorization") != f"Bearer {self.server.awx.token}":
                raise Refusal(401, {"detail": "Authentication credentials were not provided."})
            if not parsed.path.endswith("/"):
                raise Refusal(404, {"detail": "Not found."})
            query = dict(urllib.parse.parse_qsl(parsed.query, keep_blank_values=True))
            status, body = self.server.awx.handle(self.command, parsed.path, query, json.loads(raw or b"{}"))
        except Refusal as refusal:
            status, body = refusal.status, refusal.body
        data = b"" if status == 204 else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("X-API-Product-Name", "AWX")
        self.send_header("X-API-Product-Version", "24.6.1")
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PATCH = do_DELETE = _answer

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def serve(token: str, checkout: Path) -> Iterator[Server]:
    """Run an empty AWX while the caller uses it."""
    server = Server(Awx(token, checkout))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
