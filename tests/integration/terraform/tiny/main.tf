# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

# The least that has everything that matters for going on after a crash: a VPC that must not be made twice, a log group that
# may be left over, a cluster that takes minutes. The product's root, which has 80 resources, has tests of its own.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "name" {
  type = string
}

variable "region" {
  type    = string
  default = "us-west-2"
}

variable "extra_tags" {
  type    = map(string)
  default = {}
}

provider "aws" {
  region = var.region

  default_tags {
    tags = merge(var.extra_tags, { Cluster = var.name, ManagedBy = "ai_on_eks.dynamo" })
  }
}

resource "aws_vpc" "this" {
  cidr_block = "10.8.0.0/16"
}

resource "aws_subnet" "private" {
  count = 2

  vpc_id            = aws_vpc.this.id
  cidr_block        = cidrsubnet(aws_vpc.this.cidr_block, 8, count.index)
  availability_zone = "${var.region}${["a", "b"][count.index]}"

  timeouts {
    delete = "5s"
  }
}

resource "aws_iam_role" "cluster" {
  name = "${var.name}-cluster"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = ["sts:AssumeRole", "sts:TagSession"]
      Principal = { Service = "eks.amazonaws.com" }
    }]
  })
}

resource "aws_cloudwatch_log_group" "cluster" {
  name              = "/aws/eks/${var.name}/cluster"
  retention_in_days = 30
}

resource "aws_eks_cluster" "this" {
  name                          = var.name
  role_arn                      = aws_iam_role.cluster.arn
  version                       = "1.33"
  bootstrap_self_managed_addons = false

  vpc_config {
    subnet_ids = aws_subnet.private[*].id
  }

  depends_on = [aws_cloudwatch_log_group.cluster]

  lifecycle {
    # Counts at creation only, and EKS does not tell it.
    ignore_changes = [bootstrap_self_managed_addons]
  }
}

output "status" {
  value = aws_eks_cluster.this.status
}
