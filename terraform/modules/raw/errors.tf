# What Firehose could not put into raw/ it leaves under raw-errors/. Nobody looks there by chance: each
# object is told to a queue, whose depth is an alarm, and whose messages name what to redrive.

locals {
  errors_queue_name = "${var.name}-raw-errors"
  errors_queue_arn  = "arn:${var.where.partition}:sqs:${var.where.region}:${var.where.account_id}:${local.errors_queue_name}"
}

resource "aws_sqs_queue" "errors" {
  name                      = local.errors_queue_name
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
      Resource  = local.errors_queue_arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.errors.arn } }
      }], var.tls_only ? [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*" # a Deny: whatever it is, not without TLS
      Resource  = local.errors_queue_arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }] : [])
  })
}

# By the account's own bus and not straight from S3 to the queue: S3 would put a message into it for a
# test, and the alarm were on from the first apply.
resource "aws_s3_bucket_notification" "events" {
  bucket      = aws_s3_bucket.lake.id
  eventbridge = true
}

resource "aws_cloudwatch_event_rule" "errors" {
  name        = local.errors_queue_name
  description = "Objects that Firehose left under raw-errors/"
  tags        = var.tags
  event_pattern = jsonencode({
    source        = ["aws.s3"]
    "detail-type" = ["Object Created"]
    detail        = { bucket = { name = [var.bucket_name] }, object = { key = [{ prefix = "raw-errors/" }] } }
  })
}

resource "aws_cloudwatch_event_target" "errors" {
  rule      = aws_cloudwatch_event_rule.errors.name
  target_id = "queue"
  arn       = aws_sqs_queue.errors.arn
}
