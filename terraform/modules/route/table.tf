# A table that keeps the newest of each key, whatever the order of arrival, without code: an express
# workflow puts an item where none is there, or one that is older. What it can't put goes to the route's
# dead-letter queue with what was wrong, for EventBridge sees only that it was started.

locals {
  machine_name = local.full_name
  machine_arn  = "arn:${var.where.partition}:states:${local.here}:stateMachine:${local.machine_name}"
  table_name   = local.is.dynamodb ? (local.makes.dynamodb ? local.own_name : element(split("/", try(var.route.target.arn, "/")), 1)) : ""
  table_arn    = "arn:${var.where.partition}:dynamodb:${local.here}:table/${local.table_name}"
  named_table  = local.makes.dynamodb ? local.table_arn : local.given_arn

  # $.detail.release.id as JSONata has it; in backticks, for a name may have a '-'.
  jsonata = { for path in distinct(concat(local.key_paths, local.order_paths, values(local.attribute_paths))) :
    path => "$states.input.${join(".", [for part in slice(split(".", path), 1, length(split(".", path))) : "`${part}`"])}"
  }
  key_paths       = local.is.dynamodb ? try(tolist(var.route.target.key), []) : []
  order_paths     = local.is.dynamodb ? try(tolist(var.route.target.order), []) : []
  attribute_paths = local.is.dynamodb ? try(tomap(var.route.target.attributes), {}) : {}
  # Without a key or an order there is nothing to keep, and the event is set aside; other members may be
  # missing or null.
  must = { for path, at in local.jsonata : path => "($exists(${at}) and ${at} != null ? $string(${at}) : $error('the event has no ${path}'))" }
  may_ = { for path, at in local.jsonata : path => "{% $exists(${at}) and ${at} != null ? $string(${at}) : '' %}" }
  put = {
    TableName = local.table_name
    Item = merge(
      { key = { S = "{% ${join(" & '/' & ", [for path in local.key_paths : local.must[path]])} %}" } },
      { order = { S = local.order } },
      { for name, path in local.attribute_paths : name => { S = local.may_[path] } },
    )
    ConditionExpression       = "attribute_not_exists(#key) OR #order < :order"
    ExpressionAttributeNames  = { "#key" = "key", "#order" = "order" }
    ExpressionAttributeValues = { ":order" = { S = local.order } }
  }
  order = "{% ${join(" & ' ' & ", [for path in local.order_paths : local.must[path]])} %}"
  older = "DynamoDB.ConditionalCheckFailedException"

  definition = {
    QueryLanguage = "JSONata"
    StartAt       = "Keep"
    States = {
      Keep = {
        Type      = "Task"
        Resource  = "arn:${var.where.partition}:states:::dynamodb:putItem"
        Arguments = local.put
        Retry = [
          { ErrorEquals = [local.older, "States.QueryEvaluationError"], MaxAttempts = 0 },
          { ErrorEquals = ["States.ALL"], IntervalSeconds = 1, MaxAttempts = 5, BackoffRate = 2 },
        ]
        Catch = [
          { ErrorEquals = [local.older], Next = "Older" },
          { ErrorEquals = ["States.ALL"], Next = "SetAside" },
        ]
        End = true
      }
      Older = { Type = "Succeed" }
      SetAside = {
        Type     = "Task"
        Resource = "arn:${var.where.partition}:states:::sqs:sendMessage"
        Arguments = {
          QueueUrl    = local.is.dynamodb ? aws_sqs_queue.dead_letters[0].url : ""
          MessageBody = "{% $string($states.context.Execution.Input) %}"
          # As EventBridge names them.
          MessageAttributes = {
            RULE_ARN      = { DataType = "String", StringValue = local.rule_arn }
            TARGET_ARN    = { DataType = "String", StringValue = local.machine_arn }
            ERROR_CODE    = { DataType = "String", StringValue = "{% $states.input.Error %}" }
            ERROR_MESSAGE = { DataType = "String", StringValue = "{% $exists($states.input.Cause) ? $states.input.Cause : 'no cause given' %}" }
          }
        }
        Retry = [{ ErrorEquals = ["States.ALL"], IntervalSeconds = 1, MaxAttempts = 5, BackoffRate = 2 }]
        End   = true
      }
    }
  }
}

resource "aws_dynamodb_table" "this" {
  #checkov:skip=CKV_AWS_119:a key is the owner's choice (kms_key_arn); without one AWS's own key encrypts
  count = local.makes.dynamodb ? 1 : 0

  name         = local.table_name
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "key"
  tags         = var.tags

  attribute {
    name = "key"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = var.kms_key_arn != null
    kms_key_arn = var.kms_key_arn
  }
}

resource "aws_sfn_state_machine" "keep" {
  #checkov:skip=CKV_AWS_284:a trace costs by the delivery, and there is one step to trace
  #checkov:skip=CKV_AWS_285:what fails is in the dead-letter queue, with the reason; a log would hold payloads
  count = local.is.dynamodb ? 1 : 0

  name       = local.machine_name
  role_arn   = aws_iam_role.machine[0].arn
  type       = "EXPRESS"
  definition = jsonencode(local.definition)
  tags       = var.tags
  depends_on = [aws_iam_role_policy.machine]
}

resource "aws_iam_role" "machine" {
  count = local.is.dynamodb ? 1 : 0

  name                 = "${local.full_name}-put"
  path                 = var.role_path
  permissions_boundary = var.role_permissions_boundary
  description          = "The workflow of route ${var.key} puts items into its table"
  tags                 = var.tags
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "states.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEqualsIfExists = { "aws:SourceAccount" = var.where.account_id }
        ArnLikeIfExists      = { "aws:SourceArn" = local.machine_arn }
      }
    }]
  })
}

resource "aws_iam_role_policy" "machine" {
  count = local.is.dynamodb ? 1 : 0

  name = "put"
  role = aws_iam_role.machine[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      { Effect = "Allow", Action = ["dynamodb:PutItem"], Resource = [local.named_table] },
      { Effect = "Allow", Action = ["sqs:SendMessage"], Resource = [local.queue_arn] },
      ], var.kms_key_arn == null || !local.makes.dynamodb ? [] : [{
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = [var.kms_key_arn]
        Condition = { StringEquals = { "kms:ViaService" = "dynamodb.${var.where.region}.amazonaws.com" } }
        }], var.queue_kms_key_arn == null ? [] : [{
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = [var.queue_kms_key_arn]
        Condition = { StringEquals = { "kms:ViaService" = "sqs.${var.where.region}.amazonaws.com" } }
    }])
  })
}
