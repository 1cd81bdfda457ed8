# The compactor: raw objects into the table, on a schedule.

locals {
  function_name = "${var.name}-compactor"
  function_arn  = "arn:${var.where.partition}:lambda:${var.where.region}:${var.where.account_id}:function:${local.function_name}"
}

resource "aws_lambda_function" "compactor" {
  #checkov:skip=CKV_AWS_50:its log and metrics tell where the time goes; it calls no other service
  #checkov:skip=CKV_AWS_115:two runs at once are safe by the table's commits, and a reservation takes from the account's pool
  #checkov:skip=CKV_AWS_116:failures go to the queue by the invoke configuration below, which has the reason too
  #checkov:skip=CKV_AWS_117:it talks to S3 only; a VPC would add cost and a cold start
  #checkov:skip=CKV_AWS_173:its environment holds names, no secret
  #checkov:skip=CKV_AWS_272:the zip is built by its owner; signing is a matter of the account's pipeline
  function_name    = local.function_name
  description      = "Compacts the lake ${var.lake_url}"
  role             = aws_iam_role.compactor.arn
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  filename         = var.zip
  source_code_hash = try(filebase64sha256(var.zip), null)
  memory_size      = var.memory_mb
  timeout          = var.timeout_seconds
  tags             = var.tags
  depends_on       = [aws_cloudwatch_log_group.compactor, aws_iam_role_policy.compactor]

  environment {
    variables = {
      LAKE_URL                   = var.lake_url
      OCTOLAKE_TARGET_FILE_BYTES = tostring(var.target_file_mb * 1024 * 1024)
    }
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.compactor.name
  }

  lifecycle {
    precondition {
      condition     = can(filesha256(var.zip))
      error_message = "There is no zip of the compactor function at ${var.zip}. Build it as terraform/README.md says, or set compactor_zip."
    }
  }
}

resource "aws_lambda_function_event_invoke_config" "compactor" {
  function_name                = aws_lambda_function.compactor.function_name
  maximum_event_age_in_seconds = 3600
  maximum_retry_attempts       = 1

  destination_config {
    on_failure {
      destination = aws_sqs_queue.dead_letters.arn
    }
  }
}

resource "aws_cloudwatch_log_group" "compactor" {
  #checkov:skip=CKV_AWS_158:the logs hold keys and counts, no payload; CloudWatch encrypts them with its own key
  #checkov:skip=CKV_AWS_338:the table's own log is the record of what was done
  name              = "/aws/lambda/${local.function_name}"
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

resource "aws_iam_role" "compactor" {
  name        = local.function_name
  description = "What the compactor may do"
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

resource "aws_iam_role_policy" "compactor" {
  name = "compact"
  role = aws_iam_role.compactor.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        # Without a condition on prefixes: under one, S3 answers 403 for a key that is not there,
        # and the table's log needs the 404.
        Sid      = "List"
        Effect   = "Allow"
        Action   = ["s3:ListBucket"]
        Resource = [var.bucket_arn]
      },
      {
        # Folders of the lake: the keys below them are many.
        Sid      = "Read"
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = [for folder in ["raw", "large", "events", "quarantine"] : "${var.bucket_arn}/${folder}/*"]
      },
      {
        Sid      = "Write"
        Effect   = "Allow"
        Action   = ["s3:PutObject", "s3:AbortMultipartUpload"]
        Resource = [for folder in ["events", "quarantine"] : "${var.bucket_arn}/${folder}/*"]
      },
      {
        Sid      = "Vacuum"
        Effect   = "Allow"
        Action   = ["s3:DeleteObject"]
        Resource = ["${var.bucket_arn}/events/*"]
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
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = [aws_sqs_queue.dead_letters.arn]
      },
      {
        # Lambda names the streams.
        Sid      = "Logs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.compactor.arn}:*"]
      },
      ], var.kms_key_arn == null ? [] : [{
        Sid      = "Key"
        Effect   = "Allow"
        Action   = ["kms:GenerateDataKey", "kms:Decrypt"]
        Resource = [var.kms_key_arn]
    }])
  })
}
