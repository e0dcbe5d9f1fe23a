# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Container paths in a world without mounts: a path below a mount is rewritten to where the files really lie."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# Shared with the machine on purpose: there is nothing of the container's own in them.
_LEAVE_ALONE = frozenset({"/", "/dev/shm", "/dev", "/proc", "/sys"})  # noqa: S108 - container paths


@dataclass(frozen=True)
class PathMap:
    """Pairs (path in the container, path on this machine), the longest container path first."""

    pairs: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, mounts: Mapping[str, Path]) -> PathMap:
        """Build the map from mounts."""
        cleaned = {("/" + where.strip("/")): str(path) for where, path in mounts.items()}
        kept = [(where, path) for where, path in cleaned.items() if where not in _LEAVE_ALONE]
        return cls(tuple(sorted(kept, key=lambda pair: len(pair[0]), reverse=True)))

    def local(self, path: str) -> Path | None:
        """Return where a container path lies on this machine, None when it is not below any mount."""
        plain = "/" + path.strip("/")
        for where, real in self.pairs:
            if plain == where:
                return Path(real)
            if plain.startswith(where + "/"):
                return Path(real) / plain[len(where) + 1 :]
        return None

    def rewrite(self, text: str) -> str:
        """Replace every mounted path within a text (an argument, a value, a shell script).

        A path counts only where it begins (not behind another path character) and where its last component ends.
        """
        if not self.pairs or "/" not in text:
            return text
        shape = "|".join(re.escape(where) for where, _ in self.pairs)
        real = dict(self.pairs)
        return re.sub(
            rf"(?<![\w./-])({shape})(?=$|[^\w.-])",
            lambda match: real[match.group(1)],
            text,
        )

    def rewrite_all(self, words: Sequence[str]) -> list[str]:
        """Rewrite each of several words."""
        return [self.rewrite(word) for word in words]


def addresses(text: str, ports: Mapping[int, int]) -> str:
    """Replace localhost:PORT by the port that the container's process really got."""
    return re.sub(
        r"\b(localhost|127\.0\.0\.1):(\d{1,5})\b",
        lambda match: f"127.0.0.1:{ports.get(int(match.group(2)), int(match.group(2)))}",
        text,
    )


def bind_addresses(words: Iterable[str], ports: Mapping[int, int]) -> list[str]:
    """Move listening addresses in arguments (--flag=:8081, --flag=0.0.0.0:8081, :8081) to 127.0.0.1 and a real port."""
    shape = re.compile(r"^((?:--?[\w.-]+=)?)(?:0\.0\.0\.0|127\.0\.0\.1|localhost|\[::\])?:(\d{1,5})$")
    moved = []
    for word in words:
        match = shape.match(word)
        if match and int(match.group(2)) in ports:
            moved.append(f"{match.group(1)}127.0.0.1:{ports[int(match.group(2))]}")
        else:
            moved.append(word)
    return moved
