# The pattern to copy for a consumer of one's own: a rule for one event type, a function behind
# it, and a queue for what the function could not do. The lake is one consumer of the bus; this is
# another, and neither knows of the other.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

module "octolake" {
  source = "../.."

  name           = var.name
  tls_only       = var.tls_only
  archive_events = [var.event_type] # what this consumer missed can be replayed, and nothing else is paid for

  role_path                 = var.role_path
  role_permissions_boundary = var.role_permissions_boundary
}

locals {
  account_id    = data.aws_caller_identity.this.account_id
  function_name = "${var.name}-echo"
  function_arn  = "arn:${data.aws_partition.this.partition}:lambda:${data.aws_region.this.id}:${local.account_id}:function:${local.function_name}"
}

resource "aws_cloudwatch_event_rule" "echo" {
  name           = local.function_name
  description    = "Deliveries of type ${var.event_type} to the function ${local.function_name}"
  event_bus_name = module.octolake.event_bus_name
  event_pattern  = jsonencode({ "detail-type" = [var.event_type] })
}

resource "aws_cloudwatch_event_target" "echo" {
  rule           = aws_cloudwatch_event_rule.echo.name
  event_bus_name = module.octolake.event_bus_name
  target_id      = "echo"
  arn            = aws_lambda_function.echo.arn

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }
}

resource "aws_lambda_permission" "rule" {
  statement_id  = "Rule"
  function_name = aws_lambda_function.echo.function_name
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.echo.arn
}

resource "aws_lambda_function" "echo" {
  #checkov:skip=CKV_AWS_50:an example that logs; tracing costs per request
  #checkov:skip=CKV_AWS_115:a reservation takes from the account's pool
  #checkov:skip=CKV_AWS_116:failures go to the queue by the invoke configuration below
  #checkov:skip=CKV_AWS_117:it needs no network
  #checkov:skip=CKV_AWS_272:the zip is built by its owner
  function_name    = local.function_name
  description      = "Logs which ${var.event_type} deliveries arrive"
  role             = aws_iam_role.echo.arn
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = ["arm64"]
  filename         = var.echo_zip
  source_code_hash = try(filebase64sha256(var.echo_zip), null)
  memory_size      = 128
  timeout          = 10
  depends_on       = [aws_cloudwatch_log_group.echo, aws_iam_role_policy.echo]

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.echo.name
  }
}

resource "aws_lambda_function_event_invoke_config" "echo" {
  function_name          = aws_lambda_function.echo.function_name
  maximum_retry_attempts = 2

  destination_config {
    on_failure {
      destination = aws_sqs_queue.dead_letters.arn
    }
  }
}

resource "aws_cloudwatch_log_group" "echo" {
  #checkov:skip=CKV_AWS_158:delivery ids only; CloudWatch encrypts them with its own key
  #checkov:skip=CKV_AWS_338:an example's log
  name              = "/aws/lambda/${local.function_name}"
  retention_in_days = 14
}

resource "aws_iam_role" "echo" {
  name                 = local.function_name
  path                 = var.role_path
  permissions_boundary = var.role_permissions_boundary
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account_id }
        ArnEquals    = { "aws:SourceArn" = local.function_arn }
      }
    }]
  })
}

resource "aws_iam_role_policy" "echo" {
  name = "echo"
  role = aws_iam_role.echo.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # Lambda names the streams.
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.echo.arn}:*"]
      },
      {
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = [aws_sqs_queue.dead_letters.arn]
      },
    ]
  })
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = "${local.function_name}-dead-letters"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([{
      Sid       = "Rule"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.dead_letters.arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.echo.arn } }
      }], var.tls_only ? [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*" # a Deny: whatever it is, not without TLS
      Resource  = aws_sqs_queue.dead_letters.arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }] : [])
  })
}

output "archive_arn" {
  description = "Archive to replay from."
  value       = module.octolake.archive_arn
}

output "event_bus_arn" {
  description = "Bus to replay to."
  value       = module.octolake.event_bus_arn
}

output "echo_rule_arn" {
  description = "Rule to name in a replay that is meant for this consumer only."
  value       = aws_cloudwatch_event_rule.echo.arn
}

output "webhook_url" {
  description = "Enter this at GitHub as payload URL."
  value       = module.octolake.webhook_url
}

output "echo_function_name" {
  description = "The function to look at."
  value       = aws_lambda_function.echo.function_name
}
