# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How modules that talk to one cluster are told which."""

from __future__ import annotations


class ModuleDocFragment:
    """Options that name one cluster. PRIVATE to the collection."""

    DOCUMENTATION = r"""
options:
  kubeconfig:
    description: Path of the kubeconfig.
    type: path
    required: true
  context:
    description: Context in it. There is no default, so that no other cluster can be meant.
    type: str
    required: true
requirements:
  - kubernetes >= 24.2.0 (Python package)
"""
