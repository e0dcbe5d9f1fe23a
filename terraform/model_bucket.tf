# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

locals {
  # Bucket names are shared by all of AWS: the hash keeps accounts and regions apart (38 + 8 + 12 of 63 characters).
  model_bucket = var.model_bucket_name != "" ? var.model_bucket_name : "${var.name}-models-${substr(sha256("${local.account_id}/${var.region}"), 0, 12)}"
}

resource "aws_s3_bucket" "models" {
  count = var.enable_model_bucket ? 1 : 0

  bucket        = local.model_bucket
  force_destroy = var.delete_data_on_destroy
  tags          = local.data_tags
}

resource "aws_s3_bucket_public_access_block" "models" {
  count = var.enable_model_bucket ? 1 : 0

  bucket                  = aws_s3_bucket.models[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "models" {
  count = var.enable_model_bucket ? 1 : 0

  bucket = aws_s3_bucket.models[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "models" {
  count = var.enable_model_bucket ? 1 : 0

  bucket = aws_s3_bucket.models[0].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

# Models are large: what was replaced, or never finished uploading, is not kept and billed for long.
resource "aws_s3_bucket_lifecycle_configuration" "models" {
  count = var.enable_model_bucket ? 1 : 0

  bucket = aws_s3_bucket.models[0].id

  rule {
    id     = "leftovers"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 3
    }

    noncurrent_version_expiration {
      noncurrent_days = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.models]
}

data "aws_iam_policy_document" "model_bucket" {
  count = var.enable_model_bucket ? 1 : 0

  statement {
    sid       = "OnlyEncrypted"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.models[0].arn, "${aws_s3_bucket.models[0].arn}/*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "models" {
  count = var.enable_model_bucket ? 1 : 0

  bucket = aws_s3_bucket.models[0].id
  policy = data.aws_iam_policy_document.model_bucket[0].json

  # S3 refuses two changes of a bucket's access at the same time.
  depends_on = [aws_s3_bucket_public_access_block.models]
}

data "aws_iam_policy_document" "model_bucket_use" {
  count = var.enable_model_bucket ? 1 : 0

  statement {
    sid       = "List"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
    resources = [aws_s3_bucket.models[0].arn]
  }

  statement {
    sid       = "ReadAndWrite"
    actions   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
    resources = ["${aws_s3_bucket.models[0].arn}/*"]
  }
}
