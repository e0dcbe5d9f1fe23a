# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What modules say about check mode, diff mode and repetition."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes that the modules of the collection share. PRIVATE to the collection."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what would change, without changing anything.
  diff_mode:
    description: Returns details on what has changed or would change, in diff mode.
  idempotent:
    description: Run again with the same options and an unchanged world, it changes nothing.
"""

    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - Changes nothing in any mode.
  diff_mode:
    support: N/A
    details:
      - Changes nothing in any mode.
  idempotent:
    support: full
    details:
      - Changes nothing in any mode.
"""

    ACTIONGROUP_DYNAMO = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/ai_on_eks.dynamo.dynamo) in C(module_defaults) to set options of the whole group.
    support: full
    membership:
      - ai_on_eks.dynamo.dynamo
"""
