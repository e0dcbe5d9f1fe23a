# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A small AWX 24: the part of its REST API that the modules of awx.awx use, with AWX's own checks of what it is given.

Objects live in memory. Where this differs from AWX it is stricter: AWX drops a field that it does not know, this
answers 400, because a field that is dropped is a mistake.
"""

from __future__ import annotations

import http.server
import itertools
import json
import re
import threading
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import yaml

from tests.awx.fields import ASKED, ENCRYPTED, FIELDS, LISTS, NEXT, TYPES, UNIFIED, WEBHOOK, WITH, Field
from tests.awx.rules import answer_fault, is_integer, playbooks, rrule_faults, survey_fault

Json = dict[str, Any]


class Refusal(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(status, body)
        self.status, self.body = status, body


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
