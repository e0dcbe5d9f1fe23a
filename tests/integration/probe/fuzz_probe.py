# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Let atheris look for bytes that the probe's parsers cannot bear.

Needs the package atheris beside those of the tests:

PYTHONPATH=.:.ansible/collections python tests/integration/probe/fuzz_probe.py -max_total_time=60

The unit tests give the same function what hypothesis makes up. Coverage leads atheris deeper; it runs longer, by hand.
"""

from __future__ import annotations

import importlib
import sys


def main() -> None:
    """Run until a time or a crash ends it; options are libFuzzer's."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["ansible_collections.ai_on_eks.dynamo.plugins.module_utils"]):
        inputs = importlib.import_module("tests.unit.plugins.module_utils._probe.test_fuzz")
    atheris.Setup(sys.argv, inputs.one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
