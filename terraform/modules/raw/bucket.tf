# The lake's bucket: private, encrypted, versioned, TLS only. Raw objects are the source of truth
# and have no expiry.

locals {
  bucket_arn = "arn:${var.where.partition}:s3:::${var.bucket_name}"
  found_arns = data.aws_resourcegroupstaggingapi_resources.buckets.resource_tag_mapping_list[*].resource_arn
}

data "aws_resourcegroupstaggingapi_resources" "buckets" {
  resource_type_filters = ["s3"]
}

# What was there before this stack made its bucket, remembered: later plans find the stack's own.
resource "terraform_data" "before" {
  input = { bucket_exists = contains(local.found_arns, local.bucket_arn) }

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_s3_bucket" "lake" {
  #checkov:skip=CKV_AWS_18:access logs are the account's choice (CloudTrail data events, or a log bucket); they are no part of a lake
  #checkov:skip=CKV_AWS_144:a second region doubles the cost; versioning and the archive undo mistakes
  #checkov:skip=CKV_AWS_145:kms_key_arn gives SSE-KMS; SSE-S3 is the default since it costs nothing per request
  #checkov:skip=CKV2_AWS_62:the compactor finds new objects by listing, so that no notification can be lost; errors.tf has one
  bucket        = var.bucket_name
  force_destroy = var.force_destroy
  tags          = var.tags

  lifecycle {
    precondition {
      condition     = var.adopt_bucket || !terraform_data.before.input.bucket_exists
      error_message = "A bucket named ${var.bucket_name} exists in this account. Choose another name or bucket_name; or adopt it, with what is in it: set adopt_bucket = true, and before the apply run 'terraform import module.raw.aws_s3_bucket.lake ${var.bucket_name}'."
    }
  }
}

resource "aws_s3_bucket_ownership_controls" "lake" {
  bucket = aws_s3_bucket.lake.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "lake" {
  bucket                  = aws_s3_bucket.lake.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "lake" {
  bucket = aws_s3_bucket.lake.id

  rule {
    bucket_key_enabled = var.kms_key_arn != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_versioning" "lake" {
  bucket = aws_s3_bucket.lake.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "lake" {
  bucket     = aws_s3_bucket.lake.id
  depends_on = [aws_s3_bucket_versioning.lake]

  rule {
    id     = "clean-up"
    status = "Enabled"
    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    noncurrent_version_expiration {
      noncurrent_days = var.old_version_days
    }

    expiration {
      expired_object_delete_marker = true
    }
  }

  rule {
    id     = "query-results"
    status = "Enabled"

    filter {
      prefix = "athena-results/"
    }

    expiration {
      days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  dynamic "rule" {
    for_each = var.cold_after_days > 0 ? ["raw", "large"] : []

    content {
      id     = "${rule.value}-gets-cold"
      status = "Enabled"

      filter {
        prefix = "${rule.value}/"
      }

      transition {
        days          = var.cold_after_days
        storage_class = "GLACIER_IR"
      }

      abort_incomplete_multipart_upload {
        days_after_initiation = 7
      }
    }
  }
}

resource "aws_s3_bucket_policy" "lake" {
  count = var.tls_only ? 1 : 0

  bucket     = aws_s3_bucket.lake.id
  depends_on = [aws_s3_bucket_public_access_block.lake]
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*" # a Deny: whatever it is, not without TLS
      Resource  = [local.bucket_arn, "${local.bucket_arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
