# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Cluster facts: the one dict that everything but Terraform knows a cluster by, and the kubeconfig made from it."""

from __future__ import annotations

from .facts import FIELDS, empty_facts, facts_of
from .kubeconfig import KubeconfigError, render, server_of

__all__ = ["FIELDS", "KubeconfigError", "empty_facts", "facts_of", "render", "server_of"]
