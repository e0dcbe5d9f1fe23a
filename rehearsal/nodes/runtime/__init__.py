# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""What a container image brings along: the python3 that Dynamo images have on their PATH."""
