# One function with what belongs to it: a role that only it can take, its log group, and the
# permission to write there. What else it may do is the caller's to say.

locals {
  # Written, not taken from the resources: so a plan shows whole policies.
  arn       = "arn:${var.where.partition}:lambda:${var.where.region}:${var.where.account_id}:function:${var.name}"
  log_group = "/aws/lambda/${var.name}"
  log_arn   = "arn:${var.where.partition}:logs:${var.where.region}:${var.where.account_id}:log-group:${local.log_group}"
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_50:tracing costs per request; the JSON logs carry the id of the delivery or the run
  #checkov:skip=CKV_AWS_115:a reservation is also a limit, and takes from the account's pool: the caller's choice by reserved_concurrency
  #checkov:skip=CKV_AWS_116:failures of asynchronous runs are the caller's to direct; a synchronous caller gets them itself
  #checkov:skip=CKV_AWS_117:it talks to AWS's APIs only; a VPC would add cost and a cold start
  #checkov:skip=CKV_AWS_173:its environment holds names and ARNs, no secret
  #checkov:skip=CKV_AWS_272:the zip is built by its owner; signing is a matter of the account's pipeline
  function_name                  = var.name
  description                    = var.description
  role                           = aws_iam_role.this.arn
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  architectures                  = [var.architecture]
  filename                       = var.zip
  source_code_hash               = try(filebase64sha256(var.zip), null)
  memory_size                    = var.memory_mb
  timeout                        = var.timeout_seconds
  reserved_concurrent_executions = var.reserved_concurrency
  tags                           = var.tags
  depends_on                     = [aws_iam_role_policy.this]

  environment {
    variables = var.environment
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.this.name
    application_log_level = "INFO"
    system_log_level      = var.system_log_level
  }

  lifecycle {
    precondition {
      condition     = can(filesha256(var.zip))
      error_message = "There is no zip of the function ${var.name} at ${var.zip}. Build it as terraform/START.md says, or set ingest_zip and compactor_zip to where the zips are."
    }
  }
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158:the logs hold ids, keys and counts and no payload; CloudWatch encrypts them with its own key
  #checkov:skip=CKV_AWS_338:the lake is the record of what arrived and what was done; logs are for finding faults
  name              = local.log_group
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

resource "aws_iam_role" "this" {
  name                 = var.name
  path                 = var.role_path
  permissions_boundary = var.role_permissions_boundary
  description          = "What the function ${var.name} may do"
  tags                 = var.tags
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
      # The source counts where it is sent, and locks nothing out where it is not, or where it is
      # sent in another form than is documented: see "Trust" in terraform/README.md.
      Condition = {
        StringEqualsIfExists = { "aws:SourceAccount" = var.where.account_id }
        ArnLikeIfExists      = { "aws:SourceArn" = [local.arn, "${local.arn}:*"] }
      }
    }]
  })
}

locals {
  statements = concat(var.permissions, [{
    Sid       = "Logs"
    Effect    = "Allow"
    Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]
    Resource  = ["${local.log_arn}:*"] # Lambda names the streams
    Condition = null
  }])
}

resource "aws_iam_role_policy" "this" {
  name = "function"
  role = aws_iam_role.this.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [for statement in local.statements : { for key, value in statement : key => value if value != null }]
  })
}
