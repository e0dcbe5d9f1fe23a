# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
#
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Recognise in the last log lines why an engine ended."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass


@dataclass(frozen=True)
class Cause:
    """A known cause: `reason` for programs, `remedy` for people. `hopeless` = the same start will fail the same way."""

    reason: str
    pattern: str
    remedy: str
    hopeless: bool = True


# First match wins; the more telling ones stand first. {model} is the graph's model.
CAUSES = (
    Cause(
        "gated_model",
        r"GatedRepoError|gated repo|Access to model .* is restricted|awaiting a review",
        "Accept the licence of {model} at huggingface.co, set HF_TOKEN to a token of that account, and deploy again",
    ),
    Cause(
        "model_forbidden",
        r"40[13] Client Error.*huggingface|huggingface.*40[13] Client Error|Invalid user token",
        "Set HF_TOKEN to a token that may read {model}, and deploy again",
    ),
    Cause(
        "model_not_found",
        r"RepositoryNotFoundError|is not a valid model identifier|Model snapshots for .* not found",
        "Check the model's name: {model}",
    ),
    Cause(
        "model_throttled",
        r"429 Client Error|Too Many Requests",
        "Hugging Face throttles: set HF_TOKEN, or wait",
        hopeless=False,
    ),
    Cause(
        "gpu_memory",
        r"CUDA out of memory|torch\.OutOfMemoryError|No available memory for the cache blocks"
        r"|larger than the maximum number of tokens that can be stored in KV cache"
        r"|Free memory on device .* is less than desired",
        "The model does not fit the GPU: use a smaller max-model-len, more GPUs, or a bigger pool",
    ),
    Cause(
        "bad_argument",
        r"unrecognized arguments|[Uu]nknown arguments|unexpected argument|error: argument|invalid choice:",
        "Correct the component's arguments in the definition; this version does not know one of them",
    ),
    Cause(
        "gpu_driver",
        r"CUDA driver version is insufficient|Failed to infer device type|libcuda\.so\.1: cannot open"
        r"|no CUDA-capable device|NVIDIA driver on your system is too old",
        "The node offers no usable GPU: check the device plugin and the AMI's driver (at least 580 from Dynamo 1.3 on)",
    ),
    Cause(
        "wrong_image",
        r"ModuleNotFoundError|No module named|can't open file|executable file not found",
        "The image lacks what the component starts: check image and Dynamo version",
    ),
    Cause(
        "disk_full",
        r"No space left on device",
        "The node's disk is full: enlarge the volume of the EC2NodeClass",
    ),
    Cause(
        "control_plane_unreachable",
        r"creating primary lease|Unable to create lease|etcd.*(refused|unavailable)|nats.*(refused|timed out)",
        "Dynamo's etcd or NATS is not reachable: kubectl -n {namespace} get pods",
        hopeless=False,
    ),
)


def recognise(lines: t.Sequence[str]) -> tuple[Cause, str] | None:
    """Return the first known cause that the log shows, and the line that shows it."""
    for cause in CAUSES:
        for line in reversed(lines):
            if re.search(cause.pattern, line):
                return cause, line.strip()
    return None
