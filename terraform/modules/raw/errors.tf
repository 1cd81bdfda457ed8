# What Firehose could not put into raw/ it leaves under raw-errors/. Nobody looks there by chance: each
# object is told to a queue, whose depth is an alarm, and whose messages name what to redrive.

locals {
  errors_queue_name = "${var.name}-raw-errors"
  errors_queue_arn  = "arn:${var.where.partition}:sqs:${var.where.region}:${var.where.account_id}:${local.errors_queue_name}"
}

resource "aws_sqs_queue" "errors" {
  name                      = local.errors_queue_name
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
  tags                      = var.tags
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([{
      Sid       = "Bucket"
      Effect    = "Allow"
      Principal = { Service = "s3.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = local.errors_queue_arn
      Condition = {
        ArnEquals    = { "aws:SourceArn" = local.bucket_arn }
        StringEquals = { "aws:SourceAccount" = var.where.account_id }
      }
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

resource "aws_s3_bucket_notification" "errors" {
  bucket = aws_s3_bucket.lake.id

  queue {
    id            = "raw-errors"
    queue_arn     = aws_sqs_queue.errors.arn
    events        = ["s3:ObjectCreated:*"]
    filter_prefix = "raw-errors/"
  }
}
