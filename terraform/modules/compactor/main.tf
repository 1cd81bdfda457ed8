# The compactor: raw objects into the table, on a schedule.

locals {
  name = "${var.name}-compactor"

  environment = {
    LAKE_URL                   = var.lake_url
    OCTOLAKE_TARGET_FILE_BYTES = tostring(var.target_file_mb * 1024 * 1024)
  }

  # A statement without resources is left out.
  permissions = [for statement in [
    {
      # Without a condition on prefixes: under one, S3 answers 403 for a key that is not there,
      # and the table's log needs the 404.
      Sid      = "List"
      Action   = ["s3:ListBucket"]
      Resource = [var.bucket_arn]
    },
    {
      # Folders of the lake: the keys below them are many.
      Sid      = "Read"
      Action   = ["s3:GetObject"]
      Resource = [for folder in ["raw", "large", "events", "quarantine", "projection", "erased"] : "${var.bucket_arn}/${folder}/*"]
    },
    {
      # Files and commits of the table and of its projection, quarantined records, and lists of what another engine has
      # deleted have names that are made at each run.
      Sid      = "Write"
      Action   = ["s3:PutObject", "s3:AbortMultipartUpload"]
      Resource = [for folder in ["events", "quarantine", "projection", "erased"] : "${var.bucket_arn}/${folder}/*"]
    },
    {
      # Files that merging has replaced, of any name; never what is quarantined.
      Sid      = "Vacuum"
      Action   = ["s3:DeleteObject"]
      Resource = [for folder in ["events", "projection"] : "${var.bucket_arn}/${folder}/*"]
    },
    {
      # Said twice, so that a policy added later can't undo it: raw is the source of truth.
      Sid      = "RawStays"
      Effect   = "Deny"
      Action   = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject"]
      Resource = [for folder in ["raw", "large"] : "${var.bucket_arn}/${folder}/*"]
    },
    {
      Sid      = "DeadLetters"
      Action   = ["sqs:SendMessage"]
      Resource = [aws_sqs_queue.dead_letters.arn]
    },
    {
      Sid       = "Key"
      Action    = ["kms:GenerateDataKey", "kms:Decrypt"]
      Resource  = var.kms_key_arn == null ? [] : [var.kms_key_arn]
      Condition = { StringEquals = { "kms:ViaService" = [for service in var.queue_kms_key_arn == null ? ["s3"] : ["s3", "sqs"] : "${service}.${var.where.region}.amazonaws.com"] } }
    },
  ] : statement if length(statement.Resource) > 0]
}

module "function" {
  source = "../function"

  name               = local.name
  description        = "Compacts the lake ${var.lake_url}"
  where              = var.where
  zip                = var.zip
  zip_sha256         = var.zip_sha256
  architecture       = var.architecture
  memory_mb          = var.memory_mb
  timeout_seconds    = var.timeout_seconds
  environment        = local.environment
  permissions        = local.permissions
  log_retention_days = var.log_retention_days
  tags               = var.tags

  role_path                 = var.role_path
  role_permissions_boundary = var.role_permissions_boundary
  code                      = var.code
  tracing                   = var.settings.tracing
  vpc                       = var.settings.vpc
  log_level                 = var.settings.log_level
  log_kms_key_arn           = var.settings.log_kms_key_arn
}

# Two runs at once are safe by the table's commits, so nothing is reserved for it.
resource "aws_lambda_function_event_invoke_config" "compactor" {
  function_name                = module.function.name
  qualifier                    = module.function.alias
  maximum_event_age_in_seconds = 3600
  maximum_retry_attempts       = 1

  destination_config {
    on_failure {
      destination = aws_sqs_queue.dead_letters.arn
    }
  }
}
