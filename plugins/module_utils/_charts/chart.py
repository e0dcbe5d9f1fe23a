# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Where a chart comes from."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass


@dataclass(frozen=True)
class Chart:
    """A chart of one version, in an OCI registry (`ref` is its address) or in a classic repository at `url`.

    `digest` is the SHA-256 of the packed chart, in hexadecimal, with or without `sha256:` in front.
    """

    name: str
    ref: str
    version: str
    url: str = ""
    digest: str = ""
    username: str = ""
    password: str = ""
    version_setting: str = ""
    key_setting: str = ""

    def __repr__(self) -> str:
        """Never show the password."""
        return f"Chart({self.title!r}, {self.where!r})"

    @property
    def oci(self) -> bool:
        """Whether it is in an OCI registry."""
        return self.ref.startswith("oci://")

    @property
    def local(self) -> bool:
        """Whether it is a file or folder of this machine, which needs no repository."""
        return not self.oci and not self.url

    @property
    def where(self) -> str:
        """Address for messages."""
        return self.url or self.ref

    @property
    def title(self) -> str:
        """Name and version for messages."""
        return f"{self.name} {self.version}"

    @property
    def host(self) -> str:
        """Host (and port) of the registry or repository."""
        return self.where.split("://", 1)[-1].split("/", 1)[0]

    @property
    def sha256(self) -> str:
        """The wanted digest, without its algorithm; empty when any will do."""
        return self.digest.removeprefix("sha256:").lower()

    def is_one_of(self, installed: t.Collection[str]) -> bool:
        """Whether it stands among charts as `helm list` names them (`karpenter-1.15.0`)."""
        base, plain = self.ref.rstrip("/").rsplit("/", 1)[-1], self.version.removeprefix("v")
        return f"{base}-{plain}" in installed or f"{base}-v{plain}" in installed
