# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Carrying out what `recovery` decides: asking AWS, waiting for it, and telling about it."""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass

from .._cluster.aws import Aws, AwsError
from . import existing, recovery
from .diagnostics import TerraformError
from .journal import Journal
from .progress import duration

# As long as the provider itself would wait for a cluster or a file system, and a little.
_PATIENCE_SECONDS = 45 * 60


@dataclass
class Resume:
    """One look at what an earlier run left behind.

    Attributes:
        change: false in check mode: AWS is asked, nothing is waited for or written.
        place: where the state is, for messages.
        region: of the resources, an empty string when it is not known.
        aws: makes the clients of a region.
        say: shows a line.
        pause: waits between two questions; returns false when the run is to stop.
        untaint: takes the mark off a resource in the state.
        also: gets a word about everything that was decided.
    """

    change: bool
    place: str
    region: str
    aws: t.Callable[[str], Aws]
    say: t.Callable[[str], None]
    pause: t.Callable[[], bool]
    untaint: t.Callable[[str], t.Any]
    also: list[str]

    def keep_interrupted(self, shown: t.Mapping[str, t.Any], unfinished: Journal) -> bool:
        """Untaint what is complete in AWS although the wait for it was interrupted; return whether anything was.

        Raises:
            TerraformError: AWS cannot be asked.
        """
        found = recovery.interrupted(shown, unfinished)
        clients = self._clients() if found else None
        kept = False
        for item in found if clients is not None else []:
            thing = self._settle(item, self._find(t.cast(Aws, clients), item))
            if thing is None or thing.condition == existing.BROKEN:
                continue
            self.also.append(f"{item.address} kept")
            self.say(
                f"  Terraform: the making of {item.address} was interrupted, but AWS went on with it "
                f"({thing.status}): it {'is' if self.change else 'would be'} kept instead of replaced"
            )
            if self.change:
                self.untaint(item.address)
                kept = True
        return kept

    def look(self, shown: t.Mapping[str, t.Any], unfinished: Journal, only_lost: bool = False) -> dict[str, str]:
        """Return what exists and is to be imported: address to identifier. What is still being made is waited for.

        Raises:
            TerraformError: a cluster of the name exists and is not to be taken over, or AWS cannot be asked.
        """
        clients = self._clients()
        if clients is None:
            return {}
        creates = [item for item in recovery.creates_of(shown) if not only_lost or item.address in unfinished.lost]
        try:
            findings = recovery.examine(creates, unfinished, clients, self.place)
        except AwsError as exc:
            raise TerraformError(str(exc)) from exc
        for address in findings.unknown:
            self.say(
                f"  Terraform: {address} was being made when the last run was killed, and nobody can tell whether AWS "
                "has it: if so, the scan of cleanup.yml finds it by its tags"
            )
        for address, (create, thing) in sorted(findings.imports.items()):
            why = "the last run was killed while making it" if address in unfinished.lost else "left over"
            self.also.append(f"{address} taken over")
            self.say(
                f"  Terraform: {address} exists already as {thing.ident} ({why}): "
                f"it {'is' if self.change else 'would be'} taken over instead of made"
            )
            self._settle(create, thing, clients)
        return {address: thing.ident for address, (_create, thing) in findings.imports.items()}

    def _clients(self) -> Aws | None:
        """Return AWS's clients, None when that cannot be: then Terraform itself will collide, and say so."""
        if not self.region:
            return None
        try:
            return self.aws(self.region)
        except ImportError:
            self.say("  Terraform: boto3 is missing here, so nobody looks whether AWS has a resource already")
            return None

    def _find(self, clients: Aws, item: recovery.Create) -> existing.Thing | None:
        try:
            return existing.find(clients, item.kind, item.values)
        except existing.Unknowable:
            return None
        except AwsError as exc:
            raise TerraformError(str(exc)) from exc

    def _settle(
        self, item: recovery.Create, thing: existing.Thing | None, clients: Aws | None = None
    ) -> existing.Thing | None:
        """Wait until AWS has finished a thing: nothing can be made on a cluster that is still being made."""
        start = time.monotonic()
        while self.change and thing is not None and thing.condition == existing.PENDING:
            self.say(
                f"  Terraform: waiting until AWS has finished {item.address} ({thing.status}), "
                f"{duration(time.monotonic() - start)} so far"
            )
            if time.monotonic() - start > _PATIENCE_SECONDS:
                raise TerraformError(
                    f"Failed to go on with {item.address}: AWS is still making it ({thing.status}) after "
                    f"{duration(_PATIENCE_SECONDS)}. Look at it in the console; run again when it is ready or gone."
                )
            if not self.pause():
                raise TerraformError(
                    f"Interrupted while AWS was still making {item.address}. "
                    "Run the playbook again to go on from there."
                )
            thing = self._find(clients or self.aws(self.region), item)
        return thing


def imports_file(imports: t.Mapping[str, str]) -> dict[str, t.Any]:
    """Return import blocks as Terraform's JSON."""
    return {"import": [{"to": address, "id": ident} for address, ident in sorted(imports.items())]}
