# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""The embedded AWS of the rehearsal: moto behind a gateway that checks, records and can break every call."""
