# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""A Dynamo client without HTTP, for releases before 1.0: asks the hello-world worker and prints its answers."""

from __future__ import annotations

import asyncio
import os

from dynamo.runtime import DistributedRuntime, dynamo_worker

NAMESPACE = os.environ.get("DYN_TEST_HELLO_WORLD_NAMESPACE", "hello_world")
WORDS = "world,sun,moon,star"
_LONGEST_WAIT = 5.0


@dynamo_worker(static=False)  # type: ignore[untyped-decorator]
async def ask(runtime: DistributedRuntime) -> None:
    """Wait for the worker, then ask once a second; an answer that fails is asked for again, later each time."""
    client = await runtime.namespace(NAMESPACE).component("backend").endpoint("generate").client()
    await client.wait_for_instances()
    wait = 0.1
    while True:
        try:
            async for answer in await client.generate(WORDS):
                print(answer.data(), flush=True)
        except Exception as error:  # noqa: BLE001 - the runtime's errors are of many kinds and none is ours to judge
            print(f"Request failed: {type(error).__name__}: {error}. Retrying in {wait:.1f} s.", flush=True)
            await asyncio.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT)
        else:
            wait = 0.1
            await asyncio.sleep(1)


if __name__ == "__main__":
    asyncio.run(ask())
