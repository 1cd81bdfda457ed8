# When the compactor runs, and where a run that failed is kept.

resource "aws_scheduler_schedule_group" "compactor" {
  name = local.name
  tags = var.tags
}

resource "aws_scheduler_schedule" "compactor" {
  #checkov:skip=CKV_AWS_297:the schedule's input is empty; there is nothing to encrypt with one's own key
  name                         = local.name
  description                  = "Runs the compactor of ${var.name}"
  group_name                   = aws_scheduler_schedule_group.compactor.name
  schedule_expression          = var.schedule.expression
  schedule_expression_timezone = var.schedule.timezone

  flexible_time_window {
    mode                      = var.schedule.window_minutes > 0 ? "FLEXIBLE" : "OFF"
    maximum_window_in_minutes = var.schedule.window_minutes > 0 ? var.schedule.window_minutes : null
  }

  target {
    arn      = module.function.alias_arn
    role_arn = aws_iam_role.schedule.arn
    input    = jsonencode({})

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 3
    }

    dead_letter_config {
      arn = aws_sqs_queue.dead_letters.arn
    }
  }
}

resource "aws_iam_role" "schedule" {
  name                 = "${local.name}-schedule"
  path                 = var.role_path
  permissions_boundary = var.role_permissions_boundary
  description          = "EventBridge Scheduler starts the compactor"
  tags                 = var.tags
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = var.where.account_id }
        # Scheduler gives the group, never the schedule.
        ArnEquals = { "aws:SourceArn" = aws_scheduler_schedule_group.compactor.arn }
      }
    }]
  })
}

resource "aws_iam_role_policy" "schedule" {
  name = "start"
  role = aws_iam_role.schedule.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = [module.function.alias_arn]
      },
      {
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = [aws_sqs_queue.dead_letters.arn]
      },
      ], [for key in var.queue_kms_key_arn[*] : {
        Effect   = "Allow"
        Action   = ["kms:GenerateDataKey", "kms:Decrypt"]
        Resource = [key]
    }])
  })
}

locals {
  queue_name = "${local.name}-dead-letters"
  queue_arn  = "arn:${var.where.partition}:sqs:${var.where.region}:${var.where.account_id}:${local.queue_name}"
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = local.queue_name
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = var.queue_kms_key_arn == null ? true : null
  kms_master_key_id         = var.queue_kms_key_arn
  tags                      = var.tags
  policy = !var.tls_only ? null : jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*" # a Deny: whatever it is, not without TLS
      Resource  = local.queue_arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
