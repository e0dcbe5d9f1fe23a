# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The programs that the rehearsal runs, as `python3 -m rehearsal.bootstrap` made them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rehearsal.bootstrap.places import Places


class NotSetUpError(Exception):
    """Something that bootstrap makes is missing; the message says what."""


@dataclass(frozen=True)
class Toolchain:
    """Where the programs are.

    Attributes:
        bin_dir: etcd, kube-*, kubectl, kwok, karpenter, helm.
        main_python: of the virtual environment with Ansible, moto and the rehearsal's own needs.
        dynamo_python: of the virtual environment with ai-dynamo.
        terraform_plugins: Terraform's cache of providers.
    """

    bin_dir: Path
    main_python: Path
    dynamo_python: Path
    terraform_plugins: Path

    @classmethod
    def find(cls) -> Toolchain:
        """Return the toolchain of this checkout.

        Raises:
            NotSetUpError: when a part of it was not made yet.
        """
        places = Places.here()
        missing = places.missing()
        if missing:
            raise NotSetUpError(
                f"Failed to find {', '.join(missing)}: not set up yet. Run python3 -m rehearsal.bootstrap."
            )
        return cls(places.bin_dir, places.python_of("main"), places.python_of("dynamo"), places.terraform_plugins)
