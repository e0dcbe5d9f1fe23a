# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What kwok is told of a pod's ports when its containers start together."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from rehearsal.nodes.pods.context import Context
from rehearsal.nodes.pods.pod import Pod


class SlowFirst:
    """An API server whose first answer comes late."""

    def __init__(self) -> None:
        """Nothing was written yet."""
        self.forwards: list[Any] = []
        self._asked = 0

    async def apply(self, path: str, body: dict[str, Any], _manager: str) -> None:
        """Keep what is written, the first one later than those after it."""
        self._asked += 1
        await asyncio.sleep(0.05 if self._asked == 1 else 0)
        if "/portforwards/" in path:
            self.forwards = [row["ports"] for row in body["spec"]["forwards"]]


def test_a_container_that_starts_beside_another_keeps_its_port(tmp_path: Path) -> None:
    kube, known = SlowFirst(), {8080: 20000}
    network = SimpleNamespace(address=lambda *_: "100.64.0.9", map_ports=lambda *_: dict(known))
    context = SimpleNamespace(kube=kube, network=network, config=SimpleNamespace(work_dir=tmp_path))
    meta = {"name": "prometheus-0", "namespace": "monitoring", "uid": "u-1"}
    spec = {"containers": [{"name": "reloader", "image": "r"}, {"name": "prometheus", "image": "p"}]}

    async def start() -> None:
        pod = Pod({"metadata": meta, "spec": spec}, cast(Context, context))
        first = asyncio.create_task(pod._serve())
        await asyncio.sleep(0.01)
        known[9090] = 20001
        await asyncio.gather(first, pod._serve())

    asyncio.run(start())
    assert kube.forwards == [[8080], [9090]]
