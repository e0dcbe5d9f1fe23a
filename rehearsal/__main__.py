# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""`python -m rehearsal`."""

from __future__ import annotations

import sys

from rehearsal.cli import main

sys.exit(main())
