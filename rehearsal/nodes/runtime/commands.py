# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""curl and jq as far as the probes of Dynamo's operator call them, for machines that have none. Standard library only.

`curl -s URL` and `jq -e '.key == "value"'`; anything else ends with exit code 2.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import urllib.error
import urllib.request

_COMPARISON = re.compile(r'\.(\w+) == "([^"]*)"')
_SECONDS = 30


def lacking() -> list[str]:
    """Return those of the programs that this machine does not have."""
    return [name for name in ("curl", "jq") if shutil.which(name) is None]


def curl(words: list[str]) -> int:
    """Print what a URL answers, whatever its status."""
    if words[:1] != ["-s"] or len(words) != 2 or not words[1].startswith("http://"):
        return 2
    try:
        with urllib.request.urlopen(words[1], timeout=_SECONDS) as answer:  # noqa: S310 - http:// alone, see above
            body = answer.read()
    except urllib.error.HTTPError as error:
        body = error.read()
    except OSError:
        return 7
    sys.stdout.buffer.write(body)
    return 0


def jq(words: list[str], text: str) -> int:
    """Compare one key of the object read with a text; exit code 1 when it is not equal, as -e wants."""
    found = _COMPARISON.fullmatch(words[1]) if words[:1] == ["-e"] and len(words) == 2 else None
    if found is None:
        return 2
    try:
        value = json.loads(text)
    except ValueError:
        # jq without input says nothing and, with -e, ends with 4
        return 4 if not text.strip() else 5
    equal = isinstance(value, dict) and value.get(found[1]) == found[2]
    print(json.dumps(equal))
    return 0 if equal else 1


def main(argv: list[str]) -> int:
    """Run one of the programs."""
    name, words = argv[0], argv[1:]
    return curl(words) if name == "curl" else jq(words, sys.stdin.read())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
