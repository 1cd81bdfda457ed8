# The ingest function: verifies a delivery and puts it on the bus.

locals {
  function_name = "${var.name}-ingest"
  function_arn  = "arn:${var.where.partition}:lambda:${var.where.region}:${var.where.account_id}:function:${local.function_name}"
}

resource "aws_lambda_function" "ingest" {
  #checkov:skip=CKV_AWS_50:tracing costs per request; the JSON logs carry the delivery id
  #checkov:skip=CKV_AWS_115:a reservation is also a limit, and GitHub never retries: the owner's choice by reserved_concurrency
  #checkov:skip=CKV_AWS_116:called synchronously: GitHub gets the failure, there is nothing to queue
  #checkov:skip=CKV_AWS_117:it talks to AWS's APIs only; a VPC would add cost and a cold start
  #checkov:skip=CKV_AWS_173:its environment holds names and ARNs, no secret
  #checkov:skip=CKV_AWS_272:the zip is built by its owner; signing is a matter of the account's pipeline
  function_name                  = local.function_name
  description                    = "Verifies GitHub webhook deliveries and puts them on the bus ${var.event_bus.name}"
  role                           = aws_iam_role.ingest.arn
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  architectures                  = [var.architecture]
  filename                       = var.zip
  source_code_hash               = try(filebase64sha256(var.zip), null)
  memory_size                    = var.memory_mb
  timeout                        = 10 # GitHub waits no longer
  reserved_concurrent_executions = var.reserved_concurrency
  tags                           = var.tags
  depends_on                     = [aws_cloudwatch_log_group.ingest, aws_iam_role_policy.ingest]

  environment {
    variables = merge({
      OCTOLAKE_BUS_NAME     = var.event_bus.name
      OCTOLAKE_SECRET_ARNS  = join(",", var.secret_arns)
      OCTOLAKE_LARGE_URL    = var.lake_url
      OCTOLAKE_INLINE_LIMIT = tostring(var.inline_limit_bytes)
      },
      length(var.filters.events) == 0 ? {} : { OCTOLAKE_EVENTS = join(",", var.filters.events) },
      length(var.filters.ignore_events) == 0 ? {} : { OCTOLAKE_IGNORE_EVENTS = join(",", var.filters.ignore_events) },
      length(var.filters.repositories) == 0 ? {} : { OCTOLAKE_REPOS = join(",", var.filters.repositories) },
    )
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.ingest.name
    application_log_level = "INFO"
    system_log_level      = "WARN" # Lambda's own start and report lines would cost more than the function
  }

  lifecycle {
    precondition {
      condition     = can(filesha256(var.zip))
      error_message = "There is no zip of the ingest function at ${var.zip}. Build it as terraform/README.md says, or set ingest_zip."
    }
  }
}

resource "aws_cloudwatch_log_group" "ingest" {
  #checkov:skip=CKV_AWS_158:the logs hold delivery ids and no payload; CloudWatch encrypts them with its own key
  #checkov:skip=CKV_AWS_338:the lake is the record of what arrived; logs are for finding faults
  name              = "/aws/lambda/${local.function_name}"
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

resource "aws_iam_role" "ingest" {
  name        = local.function_name
  description = "What the ingest function may do"
  tags        = var.tags
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = var.where.account_id }
        ArnEquals    = { "aws:SourceArn" = local.function_arn }
      }
    }]
  })
}

resource "aws_iam_role_policy" "ingest" {
  name = "ingest"
  role = aws_iam_role.ingest.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid      = "Bus"
        Effect   = "Allow"
        Action   = ["events:PutEvents"]
        Resource = [var.event_bus.arn]
      },
      {
        Sid      = "Secrets"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = var.secret_arns
      },
      {
        # Keys are made of the day and the delivery id.
        Sid      = "LargeBodies"
        Effect   = "Allow"
        Action   = ["s3:PutObject"]
        Resource = ["${var.bucket_arn}/large/*"]
      },
      {
        # Lambda names the streams.
        Sid      = "Logs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.ingest.arn}:*"]
      },
      ], var.kms_key_arn == null ? [] : [{
        Sid      = "Key"
        Effect   = "Allow"
        Action   = ["kms:GenerateDataKey", "kms:Decrypt"]
        Resource = [var.kms_key_arn]
    }])
  })
}
