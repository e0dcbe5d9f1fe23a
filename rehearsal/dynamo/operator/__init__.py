# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Stand-in for the Dynamo operator of the 1.5 and 1.6 releases.

It makes from a DynamoGraphDeployment what the real one was seen to make. `graph`, `component`, `status`, `rollout`,
`conversion` and `admission` are pure functions over JSON objects; `controller`, `webhooks` and `lease` do the talking.
"""
