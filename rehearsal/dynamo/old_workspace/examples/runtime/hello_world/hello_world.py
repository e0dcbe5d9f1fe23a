# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A Dynamo worker without a model, for releases before 1.0: greets each word of a request, one at a time."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

from dynamo.runtime import DistributedRuntime, dynamo_endpoint, dynamo_worker

NAMESPACE = os.environ.get("DYN_TEST_HELLO_WORLD_NAMESPACE", "hello_world")
WORD_SECONDS = float(os.environ.get("DYN_TEST_HELLO_WORLD_WORD_DELAY_SEC", "1.0"))


@dynamo_endpoint(str, str)  # type: ignore[untyped-decorator]
async def greet(request: str) -> AsyncIterator[str]:
    """Stream one greeting per word of a comma-separated list."""
    print(f"Received request: {request}", flush=True)
    for word in request.split(","):
        await asyncio.sleep(WORD_SECONDS)
        yield f"Hello {word}!"


@dynamo_worker(static=False)  # type: ignore[untyped-decorator]
async def serve(runtime: DistributedRuntime) -> None:
    """Serve until the process is told to end."""
    component = runtime.namespace(NAMESPACE).component("backend")
    await component.create_service()
    print(f"Serving endpoint {NAMESPACE}/backend/generate", flush=True)
    await component.endpoint("generate").serve_endpoint(greet)


if __name__ == "__main__":
    asyncio.run(serve())
