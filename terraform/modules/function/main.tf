# One function with what belongs to it: a role that only it can take, its log group, and the
# permission to write there. What else it may do is the caller's to say. What runs is in live.tf.

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
  filename                       = var.code == null ? var.zip : null
  s3_bucket                      = try(var.code.bucket, null)
  s3_key                         = try(var.code.key, null)
  s3_object_version              = try(var.code.object_version, null)
  source_code_hash               = var.code != null ? var.code.sha256 : var.zip_sha256 != null ? var.zip_sha256 : try(filebase64sha256(var.zip), null)
  memory_size                    = var.memory_mb
  timeout                        = var.timeout_seconds
  reserved_concurrent_executions = var.reserved_concurrency
  publish                        = true
  tags                           = var.tags
  depends_on                     = [aws_iam_role_policy.this]

  environment {
    variables = var.environment
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.this.name
    application_log_level = var.log_level
    system_log_level      = var.system_log_level
  }

  dynamic "tracing_config" {
    for_each = var.tracing ? ["Active"] : []

    content {
      mode = tracing_config.value
    }
  }

  dynamic "vpc_config" {
    for_each = var.vpc[*]

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  lifecycle {
    # `lakequery aws rotate-secret --revoke` sets it, to have a version to start anew with.
    ignore_changes = [environment[0].variables["OCTOLAKE_RESTARTED"]]

    precondition {
      condition     = var.code != null || var.zip_sha256 != null || can(filesha256(var.zip))
      error_message = "There is no zip of the function ${var.name} at ${coalesce(var.zip, "any path")}. Build it as terraform/START.md says, set ingest_zip and compactor_zip to where the zips are, code_in_s3 to a bucket that has them, or release_version and release_url to a release."
    }

    # What Lambda unpacked, not what the bucket says of it. The alias waits for this.
    postcondition {
      condition     = var.code == null ? true : self.code_sha256 == var.code.sha256
      error_message = "The zip of the function ${var.name} at s3://${try(var.code.bucket, "")}/${try(var.code.key, "")} is not the one whose sha256 code_in_s3 names. Correct the sum, or find out who changed the zip."
    }
  }
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158:the logs hold ids, keys and counts and no payload; CloudWatch encrypts them with its own key
  #checkov:skip=CKV_AWS_338:the lake is the record of what arrived and what was done; logs are for finding faults
  name              = local.log_group
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
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
  # As AWS's managed policies AWSXRayDaemonWriteAccess and AWSLambdaVPCAccessExecutionRole have them:
  # neither service takes a resource.
  traces = !var.tracing ? [] : [{
    Sid       = "Traces"
    Effect    = "Allow"
    Action    = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
    Resource  = ["*"]
    Condition = null
  }]
  network = var.vpc == null ? [] : [{
    Sid       = "Network"
    Effect    = "Allow"
    Action    = ["ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"]
    Resource  = ["*"]
    Condition = null
  }]
  statements = concat(var.permissions, local.traces, local.network, [{
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
