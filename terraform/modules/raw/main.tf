# Bus → Firehose → raw/<yyyy>/<mm>/<dd>/<hh>/. The prefix is part of the lake's contract.

locals {
  stream_name = "${var.name}-raw"
  stream_arn  = "arn:${var.where.partition}:firehose:${var.where.region}:${var.where.account_id}:deliverystream/${local.stream_name}"
  queue_name  = "${var.name}-raw-dead-letters"
  queue_arn   = "arn:${var.where.partition}:sqs:${var.where.region}:${var.where.account_id}:${local.queue_name}"
  arrival     = "!{timestamp:yyyy}/!{timestamp:MM}/!{timestamp:dd}/!{timestamp:HH}/"
}

resource "aws_cloudwatch_event_rule" "deliveries" {
  name           = "${var.name}-raw"
  description    = "Every delivery to the lake's raw zone"
  event_bus_name = var.event_bus_name
  event_pattern  = var.event_pattern
  tags           = var.tags
}

resource "aws_cloudwatch_event_target" "firehose" {
  rule           = aws_cloudwatch_event_rule.deliveries.name
  event_bus_name = var.event_bus_name
  target_id      = "firehose"
  arn            = aws_kinesis_firehose_delivery_stream.raw.arn
  role_arn       = aws_iam_role.rule.arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }
}

resource "aws_iam_role" "rule" {
  name                 = "${var.name}-raw-rule"
  path                 = var.role_path
  permissions_boundary = var.role_permissions_boundary
  description          = "EventBridge puts deliveries into Firehose"
  tags                 = var.tags
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        # Where it is sent: a wrong guess here would send every event to the dead-letter
        # queue.
        StringEqualsIfExists = { "aws:SourceAccount" = var.where.account_id }
        ArnEqualsIfExists    = { "aws:SourceArn" = aws_cloudwatch_event_rule.deliveries.arn }
      }
    }]
  })
}

resource "aws_iam_role_policy" "rule" {
  name = "put"
  role = aws_iam_role.rule.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["firehose:PutRecord", "firehose:PutRecordBatch"]
      Resource = local.stream_arn
    }]
  })
}

resource "aws_kinesis_firehose_delivery_stream" "raw" {
  #checkov:skip=CKV_AWS_241:AWS's own key encrypts the buffer; the bucket's key is the owner's choice
  name        = local.stream_name
  destination = "extended_s3"
  tags        = var.tags
  depends_on  = [aws_iam_role_policy.firehose]

  server_side_encryption {
    enabled  = true
    key_type = "AWS_OWNED_CMK"
  }

  extended_s3_configuration {
    role_arn            = aws_iam_role.firehose.arn
    bucket_arn          = aws_s3_bucket.lake.arn
    prefix              = "raw/${local.arrival}"
    error_output_prefix = "raw-errors/!{firehose:error-output-type}/${local.arrival}"
    custom_time_zone    = "UTC"
    buffering_size      = var.buffer.mb
    buffering_interval  = var.buffer.seconds
    compression_format  = "GZIP"
    kms_key_arn         = var.kms_key_arn

    processing_configuration {
      enabled = true

      processors {
        type = "AppendDelimiterToRecord"

        parameters {
          parameter_name  = "Delimiter"
          parameter_value = "\\n"
        }
      }
    }

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = aws_cloudwatch_log_group.firehose.name
      log_stream_name = aws_cloudwatch_log_stream.firehose.name
    }
  }
}

resource "aws_cloudwatch_log_group" "firehose" {
  #checkov:skip=CKV_AWS_158:holds Firehose's error messages and no payload
  #checkov:skip=CKV_AWS_338:errors older than the retention have alarmed long ago
  name              = "/aws/kinesisfirehose/${local.stream_name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
  tags              = var.tags
}

resource "aws_cloudwatch_log_stream" "firehose" {
  name           = "s3"
  log_group_name = aws_cloudwatch_log_group.firehose.name
}

resource "aws_iam_role" "firehose" {
  name                 = "${var.name}-firehose"
  path                 = var.role_path
  permissions_boundary = var.role_permissions_boundary
  description          = "Firehose writes raw objects"
  tags                 = var.tags
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "firehose.amazonaws.com" }
      Action    = "sts:AssumeRole"
      # Firehose sends the account as external id. The source counts where it is sent, and locks
      # nothing out where it is not: see "Trust" in terraform/README.md.
      Condition = {
        StringEquals         = { "sts:ExternalId" = var.where.account_id }
        StringEqualsIfExists = { "aws:SourceAccount" = var.where.account_id }
        ArnEqualsIfExists    = { "aws:SourceArn" = local.stream_arn }
      }
    }]
  })
}

resource "aws_iam_role_policy" "firehose" {
  name = "write"
  role = aws_iam_role.firehose.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        # Firehose names the objects; both folders are its own.
        Effect   = "Allow"
        Action   = ["s3:PutObject", "s3:AbortMultipartUpload"]
        Resource = ["${local.bucket_arn}/raw/*", "${local.bucket_arn}/raw-errors/*"]
      },
      {
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
        Resource = [local.bucket_arn]
      },
      {
        Effect   = "Allow"
        Action   = ["logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.firehose.arn}:log-stream:${aws_cloudwatch_log_stream.firehose.name}"]
      },
      ], var.kms_key_arn == null ? [] : [{
        Effect    = "Allow"
        Action    = ["kms:GenerateDataKey", "kms:Decrypt"]
        Resource  = [var.kms_key_arn]
        Condition = { StringEquals = { "kms:ViaService" = "s3.${var.where.region}.amazonaws.com" } }
    }])
  })
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = local.queue_name
  max_message_size          = var.dead_letter_max_bytes
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = var.queue_kms_key_arn == null ? true : null
  kms_master_key_id         = var.queue_kms_key_arn
  tags                      = var.tags
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([{
      Sid       = "Rule"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = local.queue_arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.deliveries.arn } }
      }], var.tls_only ? [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*" # a Deny: whatever it is, not without TLS
      Resource  = local.queue_arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }] : [])
  })
}
