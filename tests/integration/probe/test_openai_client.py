# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What the official client of OpenAI sees at Dynamo is what the probe reports."""

from __future__ import annotations

from tests.integration.probe.conftest import MODEL, Dynamo
from tests.integration.probe.official_client import seen_by_client, seen_by_probe


def test_the_official_client_sees_the_same(dynamo: Dynamo) -> None:
    dynamo.start_worker()
    assert seen_by_probe(dynamo.url, MODEL) == seen_by_client(dynamo.url, MODEL)
