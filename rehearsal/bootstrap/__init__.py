# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Everything a fresh machine needs for the rehearsal and the tests, made once and kept outside the checkout.

Standard library only. Run as `python3 -m rehearsal.bootstrap`.
"""
