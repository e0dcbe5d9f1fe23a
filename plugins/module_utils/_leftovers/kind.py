# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What is said of one kind of AWS resource: how to list it, how it names its owner, and how it is removed.

All expressions are JMESPath, as in the AWS CLI's ``--query``.
"""

from __future__ import annotations

import dataclasses
import typing as t

Json = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Tagging:
    """Where the tags of a kind are whose listing carries none.

    Asked only for items whose name holds the cluster's name, that hang on something of the cluster's, or that the
    index of tags names, so that calls do not grow with the account.

    Attributes:
        operation: the call.
        parameter: its parameter.
        argument: what goes into the parameter, an expression on the item.
        answer: where the tags are in the answer; for batches a list of ``{id, tags}``.
        batch: items per call where the parameter takes a list; 0 where it takes one.
        parameters: further, fixed parameters.
        short: whether only what stands behind the last slash of the argument is meant.
    """

    operation: str
    parameter: str
    argument: str
    answer: str
    batch: int = 0
    parameters: Json = dataclasses.field(default_factory=dict)
    short: bool = False


@dataclasses.dataclass(frozen=True)
class Detail:
    """A call that completes an item already known to be the cluster's.

    Attributes:
        operation: the call.
        parameter: its parameter for the item's id.
        answer: where the complete item is.
        parent: its parameter for the parent's value, where there is one.
    """

    operation: str
    parameter: str
    answer: str
    parent: str = ""


@dataclasses.dataclass(frozen=True)
class Removal:
    """How a resource is removed, and what must be gone before.

    Attributes:
        operation: the call.
        parameter: its parameter.
        value: what goes into the parameter, an expression on the item; empty: the id.
        as_list: whether the parameter takes a list.
        parameters: further, fixed parameters.
        parent: the parameter for the parent's value, where there is one.
        after: kinds of which none of the cluster's may be there any more.
        steps: names of what is done before the call (see ``steps``).
        ready: whether it can be removed yet, an expression on the item; empty: always.
        going: whether its removal is under way already; empty: as ``Kind.pending`` says.
        with_parent: goes with its parent, so that it is asked for only when the parent stays.
        failures: where the answer lists what was refused, as ``{code, message}``.
    """

    operation: str
    parameter: str
    value: str = ""
    as_list: bool = False
    parameters: Json = dataclasses.field(default_factory=dict)
    parent: str = ""
    after: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    ready: str = ""
    going: str = ""
    with_parent: bool = False
    failures: str = ""


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of AWS resource.

    Attributes:
        name: our name for it.
        client: boto3's name of the service.
        operation: the call that lists it.
        items: where the items are in the answer.
        id: the id by which AWS removes it.
        tags: where its tags are in the listing, or in the detail.
        relations: pairs of an expression on the item and what its values may name: a key of the manifest, or
            ``@kind`` (``@kind:expression``) for the ids (values) of that kind that were found to be the cluster's.
        identity: the key of the manifest that names this very resource.
        parameters: those of the listing; ``{cluster}`` and ``{parent}`` stand for the cluster and the parent's value.
        page: items in an answer, where AWS gives few, or no more than one answer, unless asked for more.
        parent: kind and expression on its item: the listing is asked once for each that is the cluster's.
        saved: key of the manifest and template (``{id}``, ``{region}``, ``{account}``) of parents that are gone.
        live: what is still there (AWS shows states such as "terminated" for a while).
        pending: what AWS is deleting on its own.
        names: exact names that belong to the cluster, ``{cluster}``, ``{prefix}`` and ``{cache}`` filled in.
        prefixes: beginnings, of AWS's own making, that hold the cluster's whole name and end in a separator.
        marks: whether an item without tags in our own VPC is of a kind that EKS, Karpenter, the VPC CNI or the load
            balancer controller leave there.
        tagging: where the tags are when the listing has none.
        detail: the call that completes an item of ours.
        is_global: the service answers in one region only.
        note: why it matters although it may cost nothing.
        removal: how it is removed; None: never by this collection.
    """

    name: str
    client: str
    operation: str
    items: str
    id: str
    tags: str = ""
    relations: tuple[tuple[str, str], ...] = ()
    identity: str = ""
    parameters: Json = dataclasses.field(default_factory=dict)
    page: int = 0
    parent: tuple[str, str] = ("", "")
    saved: tuple[str, str] = ("", "")
    live: str = ""
    pending: str = ""
    names: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    marks: str = ""
    tagging: Tagging | None = None
    detail: Detail | None = None
    is_global: bool = False
    note: str = ""
    removal: Removal | None = None

    def needs(self) -> set[str]:
        """Return the kinds that must be known before one can say whose an item of this kind is."""
        found = {key[1:].partition(":")[0] for _path, key in self.relations if key.startswith("@")}
        return found | ({self.parent[0]} if self.parent[0] else set())
