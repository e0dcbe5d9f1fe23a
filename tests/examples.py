# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Write docs/examples: one page for each example and a table of all, from their definitions; the table in READMEs too.

Usage: examples.py [--check]   (with --check nothing is written; exit 1 when a file is not what it would write)

What a deployment prints is in docs/examples/output.yml, taken from real runs.
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / ".ansible" / "collections"))

from ansible_collections.ai_on_eks.dynamo.plugins.filter.graph_cost import graph_cost  # noqa: E402

ROLE = ROOT / "roles" / "dynamo_example"
PAGES = ROOT / "docs" / "examples"
#: Files that hold the table between these two lines.
HOLDERS = (ROLE / "README.md",)
BEGIN, END = "<!-- examples: written by tests/examples.py -->", "<!-- end of examples -->"
ENGINES = {"vllm": "vLLM", "sglang": "SGLang", "trtllm": "TensorRT-LLM"}
PROFILES = {"current": "Dynamo 1.6.1", "guide": "Dynamo 0.4.1"}
#: What each check of a smoke test shows.
CHECKS = {
    "live": "the frontend lives",
    "health": "it says that it is healthy",
    "models": "it lists the model",
    "ready": "it says that the model is ready",
    "chat": "it answers a chat",
    "chat_stream": "it streams an answer, token by token, to its end",
    "completions": "it completes a text",
    "responses": "it answers by the API for responses",
    "embeddings": "it embeds a text",
    "tool_call": "it calls a tool",
    "structured_output": "it answers after a JSON schema",
    "logprobs": "it tells the probabilities of tokens",
    "stop": "an answer ends at a stop string",
    "seed": "the same seed gives the same answer",
    "errors": "wrong requests get the errors of the API",
    "metrics": "its metrics count what was asked",
    "cancel": "an answer that nobody waits for ends",
    "worker_ids": "it says which worker answered",
    "prefix_affinity": "prompts with the same beginning go to the same worker",
    "spread": "different prompts go to all workers",
    "disaggregation": "one worker reads the prompt and another one writes the answer",
    "worker_metrics": "the workers have metrics of their own",
    "load": "it keeps its latencies under load",
}


def read(path: Path) -> Any:
    """The data of a YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def examples() -> list[dict[str, Any]]:
    """The definitions, in the order of the menu."""
    found = [read(path) for path in (ROLE / "files" / "examples").glob("*.yml")]
    return sorted(found, key=lambda entry: int(entry["position"]))


def cost(definition: dict[str, Any]) -> dict[str, Any]:
    """Nodes and price of an example on the role's own pools."""
    defaults = read(ROOT / "roles" / "karpenter_gpu" / "defaults" / "main.yml")
    return graph_cost(definition, defaults["karpenter_gpu_pools"], defaults["karpenter_gpu_node_classes"])


def gpus(definition: dict[str, Any]) -> int:
    """GPUs of all replicas."""
    return sum(
        int(entry["resources"].get("gpu", 0)) * int(entry.get("replicas", 1)) for entry in definition["components"]
    )


def table(folder: str) -> str:
    """The table of all examples; `folder` leads to their pages."""
    rows = []
    for entry in examples():
        price = cost(entry)
        cells = (
            f"[{entry['name']}]({folder}{entry['name']}.md)",
            entry["description"],
            entry.get("model") or "none",
            gpus(entry),
            f"{price['hourly_usd']:.2f}",
        )
        rows.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(["| name | what it shows | model | GPUs | USD an hour |", "|---|---|---|---|---|", *rows])


def proofs(definition: dict[str, Any]) -> list[str]:
    """What a smoke test of the example shows, in words."""
    proof = definition["proof"]
    if proof["kind"] == "log":
        return [f"a line of the log of {proof['component']} matches `{proof['pattern']}`"]
    found = []
    for check in proof["checks"]:
        wish = check if isinstance(check, dict) else {"name": check}
        since = f" (from Dynamo {wish['since']} on)" if "since" in wish else ""
        text = CHECKS[wish["name"]] + since
        found.append(f"**{text}**" if wish.get("required") else text)
    return found


def components(definition: dict[str, Any]) -> str:
    """The table of an example's components."""
    rows = []
    for entry in definition["components"]:
        size = entry["resources"]
        image = "small frontend image" if entry.get("image") == "frontend" else "engine's image"
        rows.append(
            f"| {entry['name']} | {entry['role']} | {entry.get('replicas', 1)} | {size['cpu']} | {size['memory']} | "
            f"{size.get('gpu', 0)} | `{entry.get('node_pool') or definition.get('node_pool', '')}` | {image} |"
        )
    head = "| component | role | replicas | CPU | memory | GPUs | NodePool | image |\n|---|---|---|---|---|---|---|---|"
    return "\n".join([head, *rows])


def variations(definition: dict[str, Any]) -> list[str]:
    """Commands that change something about the example."""
    name = definition["name"]
    engine = next((entry for entry in definition["components"] if entry["resources"].get("gpu")), None)
    if engine is None:
        return [f"ansible-playbook deploy.yml -e example={name}:second"]
    return [
        f"ansible-playbook deploy.yml -e example={name}:second",
        f"ansible-playbook deploy.yml -e example={name} -e replicas.{engine['role']}={int(engine['replicas']) + 1}",
        f"ansible-playbook deploy.yml -e example={name} -e model=Qwen/Qwen3-4B -e max_model_len=8192",
        f"ansible-playbook deploy.yml -e example={name} -e node_pool=g6-gpu-karpenter",
    ]


def page(definition: dict[str, Any], output: dict[str, Any]) -> str:
    """The page of one example."""
    name = definition["name"]
    price = cost(definition)
    models = read(ROLE / "files" / "models.yml")
    model = definition.get("model", "")
    size = models.get(model)
    told = f"{model} ({size['parameters']:g} billion parameters)" if size else "none"
    blocks = [
        f"From a rehearsal with {PROFILES[profile]} (its words are invented):\n\n```text\n{text.strip()}\n```"
        for profile, text in output.get(name, {}).items()
    ]
    first = f"""\
<!-- SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors -->
<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Written by tests/examples.py from roles/dynamo_example/files/examples/{name}.yml: change that, then run it. -->
# {name}

{definition["description"]}.

{textwrap.fill(definition["details"].strip(), 120, break_on_hyphens=False)}

| | |
|---|---|
| for | {"everyday use" if definition["tier"] == "production" else "experiments"} |
| engine | {ENGINES[definition["runtime"]] if model else "none"} |
| model | {told} |
| architecture | {definition["architecture"]} |
| nodes | {price["nodes"]} |
| cost | about {price["hourly_usd"]:.2f} USD an hour while it runs, with disks (us-east-1, on demand) |
"""
    return (
        "\n".join(
            [
                first,
                f"## Components\n\n{components(definition)}\n",
                f"## Deploy it\n\n```console\nansible-playbook deploy.yml -e example={name}\n```\n",
                "Variations; [models](../models.md) has all of them:\n",
                "```console\n" + "\n".join(variations(definition)) + "\n```\n",
                *(["## What to expect\n"] if blocks else []),
                *(f"{block}\n" for block in blocks),
                f"## What a smoke test shows\n\n`ansible-playbook smoketest.yml -e example={name}`; "
                "what is bold fails it when it cannot be shown.\n",
                *(f"* {text}" for text in proofs(definition)),
                f"\n## Remove it\n\n```console\nansible-playbook remove.yml -e example={name}\n```",
            ]
        )
        + "\n"
    )


def index() -> str:
    """The page with the table of all examples."""
    return f"""\
<!-- SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors -->
<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Written by tests/examples.py from roles/dynamo_example/files/examples: change those, then run it. -->
# Examples

{table("")}

Prices are those of the nodes while the example runs, with their disks: list prices of us-east-1, on demand.
`-e example=all` deploys all nine side by side, in little more time than the largest alone (1.12 times, with engines
that load for 150 s: `python bench/deploy.py`); `ansible-playbook deploy.yml -e list=true` lists them;
[models](../models.md) says how to serve a model of your own by any of them.
"""


def held(path: Path) -> str:
    """A file that holds the table, with the table as it should be."""
    text = path.read_text(encoding="utf-8")
    before, _begin, rest = text.partition(BEGIN)
    _old, _end, after = rest.partition(END)
    folder = "../" * len(path.parent.relative_to(ROOT).parts) + "docs/examples/"
    return f"{before}{BEGIN}\n{table(folder)}\n{END}{after}"


def files() -> dict[Path, str]:
    """Every file and what it should contain."""
    output = read(PAGES / "output.yml")
    pages = {PAGES / f"{entry['name']}.md": page(entry, output) for entry in examples()}
    return {**pages, PAGES / "README.md": index(), **{path: held(path) for path in HOLDERS}}


def main(arguments: list[str]) -> int:
    """Write or compare."""
    stale = []
    for path, text in files().items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(str(path.relative_to(ROOT)))
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
    print("\n".join(stale) or "all current")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
