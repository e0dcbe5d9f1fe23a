# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

resource "aws_ecr_repository" "this" {
  for_each = toset(var.ecr_repositories)

  name                 = "${var.name}/${each.key}"
  image_tag_mutability = "IMMUTABLE"
  force_delete         = var.delete_data_on_destroy
  tags                 = local.data_tags

  encryption_configuration {
    encryption_type = "AES256"
  }

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  for_each = toset(var.ecr_repositories)

  repository = aws_ecr_repository.this[each.key].name
  policy     = local.newest_images["30"]
}

locals {
  newest_images = {
    for number in ["10", "30"] : number => jsonencode({
      rules = [{
        rulePriority = 1
        description  = "Keep the newest ${number} images"
        selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = tonumber(number) }
        action       = { type = "expire" }
      }]
    })
  }

  # A rule's prefix has at most 30 characters, so a long cluster name is cut and told apart by a hash.
  cache_prefix = length(var.name) <= 19 ? var.name : "${trimsuffix(substr(var.name, 0, 14), "-")}-${substr(sha256(var.name), 0, 4)}"
  cache_aliases = {
    "ghcr.io"              = "ghcr"
    "public.ecr.aws"       = "ecr-public"
    "quay.io"              = "quay"
    "registry-1.docker.io" = "docker-hub"
    "registry.k8s.io"      = "k8s"
  }
  caches       = { for registry in keys(var.ecr_pull_through_cache) : registry => "${local.cache_prefix}-${local.cache_aliases[registry]}" }
  enable_cache = length(local.caches) > 0
}

resource "aws_ecr_pull_through_cache_rule" "this" {
  for_each = local.caches

  ecr_repository_prefix = each.value
  upstream_registry_url = each.key
  credential_arn        = var.ecr_pull_through_cache[each.key] != "" ? var.ecr_pull_through_cache[each.key] : null
}

# ECR itself makes a repository at the first pull of an image. The template gives it the tags that the cleanup looks for.
resource "aws_ecr_repository_creation_template" "this" {
  for_each = local.caches

  prefix               = each.value
  description          = "Images of ${each.key} for the EKS cluster ${var.name}"
  applied_for          = ["PULL_THROUGH_CACHE"]
  custom_role_arn      = aws_iam_role.cache[0].arn
  image_tag_mutability = "MUTABLE"
  lifecycle_policy     = local.newest_images["10"]
  resource_tags        = local.tags

  encryption_configuration {
    encryption_type = "AES256"
  }

  depends_on = [aws_iam_role_policy.cache]
}

data "aws_iam_policy_document" "cache_trust" {
  count = local.enable_cache ? 1 : 0

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecr.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "cache" {
  count = local.enable_cache ? 1 : 0

  statement {
    sid       = "MakeRepositories"
    actions   = ["ecr:CreateRepository", "ecr:ReplicateImage", "ecr:TagResource"]
    resources = local.cache_repositories
  }
}

resource "aws_iam_role" "cache" {
  count = local.enable_cache ? 1 : 0

  name                 = "${local.iam_prefix}-ecr-cache"
  description          = "ECR makes repositories of cached images for the EKS cluster ${var.name}"
  assume_role_policy   = data.aws_iam_policy_document.cache_trust[0].json
  permissions_boundary = var.iam_permissions_boundary_arn != "" ? var.iam_permissions_boundary_arn : null
}

resource "aws_iam_role_policy" "cache" {
  count = local.enable_cache ? 1 : 0

  name   = "make-repositories"
  role   = aws_iam_role.cache[0].id
  policy = data.aws_iam_policy_document.cache[0].json
}

# What a node may not do by AmazonEC2ContainerRegistryReadOnly: have an image fetched that is not in the cache yet.
data "aws_iam_policy_document" "cache_fill" {
  count = local.enable_cache ? 1 : 0

  statement {
    sid       = "FillCache"
    actions   = ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"]
    resources = local.cache_repositories
  }
}

locals {
  cache_repositories = [
    for registry in sort(keys(local.caches)) : "arn:${local.partition}:ecr:${var.region}:${local.account_id}:repository/${local.caches[registry]}/*"
  ]

  node_roles = merge(
    { core = aws_iam_role.core.name },
    local.enable_gpu_nodes ? { gpu = one(aws_iam_role.gpu[*].name) } : {},
    var.enable_karpenter ? { karpenter = one(module.karpenter[*].node_role_name) } : {},
  )
}

resource "aws_iam_role_policy" "cache_fill" {
  for_each = local.enable_cache ? local.node_roles : {}

  name   = "fill-image-cache"
  role   = each.value
  policy = data.aws_iam_policy_document.cache_fill[0].json
}
