# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Dynamo versions: reading, comparing, and choosing between the places where one can be given."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# X.Y.Z with what may follow it: rc1, -rc1, -dev3 (before the release), .post1, -post1 (a repaired chart after it).
_PATTERN = re.compile(
    r"^v?(?P<major>\d+)\.(?P<minor>\d+)\.(?P<patch>\d+)"
    r"(?:[-.]?(?P<stage>dev|alpha|beta|rc|post)[-.]?(?P<number>\d+)?)?$"
)
_STAGES = {"dev": -4, "alpha": -3, "beta": -2, "rc": -1, "": 0, "post": 1}


# Minor releases in their order; the minors of 0.x ended with 0.9.
MINORS = ((0, 4), (0, 5), (0, 6), (0, 7), (0, 8), (0, 9), (1, 0), (1, 1), (1, 2), (1, 3), (1, 4), (1, 5), (1, 6))


class VersionError(ValueError):
    """A version that cannot be read; the message says where it came from and what is accepted."""


@dataclass(frozen=True)
class Version:
    """One Dynamo version. `stage` is dev, alpha, beta, rc, post or empty; `number` counts within the stage."""

    major: int
    minor: int
    patch: int
    stage: str = ""
    number: int = 0

    @property
    def key(self) -> tuple[int, int, int, int, int]:
        """What versions are ordered by."""
        return (self.major, self.minor, self.patch, _STAGES[self.stage], self.number)

    @property
    def tag(self) -> str:
        """Tag of the images: they know no -postN, which only repairs a chart."""
        release = f"{self.major}.{self.minor}.{self.patch}"
        return f"{release}-{self.stage}{self.number}" if self.stage not in {"", "post"} else release

    def __str__(self) -> str:
        """Name of the chart version, without a leading v."""
        suffix = f"-{self.stage}{self.number}" if self.stage else ""
        return f"{self.major}.{self.minor}.{self.patch}{suffix}"

    def __lt__(self, other: Version) -> bool:
        """Order by release, then dev < alpha < beta < rc < release < post."""
        return self.key < other.key

    def __le__(self, other: Version) -> bool:
        """Order by release, then dev < alpha < beta < rc < release < post."""
        return self.key <= other.key


def parse(text: str) -> Version:
    """Read `0.4.1`, `v0.4.1`, `1.7.0-rc1`, `0.9.0-post1`. Raises VersionError for anything else."""
    match = _PATTERN.match(text.strip())
    if match is None:
        raise VersionError(f"{text!r} is no Dynamo version. Use three numbers, for example 1.6.1 or v0.4.1.")
    stage = match["stage"] or ""
    return Version(
        int(match["major"]), int(match["minor"]), int(match["patch"]), stage, int(match["number"] or 0) if stage else 0
    )


def behind(old: Version, new: Version) -> int | None:
    """Return by how many minor releases `old` is behind `new` (negative when ahead); None for unknown releases."""
    if (old.major, old.minor) not in MINORS or (new.major, new.minor) not in MINORS:
        return None
    return MINORS.index((new.major, new.minor)) - MINORS.index((old.major, old.minor))


def resolve(candidates: Sequence[Mapping[str, object]]) -> tuple[Version, str]:
    """Take the first candidate that has a value; each is {value, source}, the most important first.

    Returns the version and the source it came from. A value that is None or blank counts as not given. A value that
    is given and cannot be read is an error (never skipped: the next candidate would silently install something else).
    """
    sources = []
    for candidate in candidates:
        source = str(candidate.get("source") or "")
        if not source or "value" not in candidate:
            raise VersionError(f"A candidate needs 'value' and 'source'; got {dict(candidate)!r}.")
        sources.append(source)
        value = candidate["value"]
        text = "" if value is None else str(value).strip()
        if not text:
            continue
        try:
            return parse(text), source
        except VersionError as error:
            raise VersionError(f"Failed to read the Dynamo version from {source}: {error}") from error
    looked = ", ".join(sources) or "nothing was offered"
    raise VersionError(f"Failed to find a Dynamo version: looked at {looked}. Set dynamo_version, for example 1.6.1.")
