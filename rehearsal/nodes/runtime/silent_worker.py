# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The half of a disaggregated engine that no frontend sees, for Dynamo 0.4, whose mocker cannot be one.

`silent_worker.py NAMESPACE.COMPONENT.ENDPOINT`: serves the endpoint with real discovery and health, registers no model,
and answers with nothing, because the half that would ask it is a mocker that does all the work alone.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

from dynamo.runtime import DistributedRuntime, dynamo_worker


async def _answer(request: Any) -> AsyncIterator[dict[str, Any]]:
    """Stream nothing but the end."""
    del request
    yield {"token_ids": [], "finish_reason": "stop"}


@dynamo_worker(static=False)  # type: ignore[untyped-decorator]
async def _serve(runtime: DistributedRuntime) -> None:
    namespace, component, endpoint = sys.argv[1].split(".")
    served = runtime.namespace(namespace).component(component)
    await served.create_service()
    print(f"Serving {sys.argv[1]} without a model", flush=True)
    await served.endpoint(endpoint).serve_endpoint(_answer)


if __name__ == "__main__":
    asyncio.run(_serve())
