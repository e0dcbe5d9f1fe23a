# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

resource "aws_placement_group" "this" {
  for_each = var.placement_groups

  name            = "${var.name}-${each.key}"
  strategy        = each.value.strategy
  partition_count = each.value.strategy == "partition" ? coalesce(each.value.partitions, 2) : null
}
