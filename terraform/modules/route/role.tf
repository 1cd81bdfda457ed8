# The one role with which EventBridge reaches the target: one action, on that target.

locals {
  key_of = {
    sqs = local.makes.sqs ? var.queue_kms_key_arn : try(var.route.target.kms_key_arn, null)
    sns = local.makes.sns ? var.queue_kms_key_arn : try(var.route.target.kms_key_arn, null)
  }
  may = {
    log_group       = []
    lambda          = [{ Effect = "Allow", Action = ["lambda:InvokeFunction"], Resource = [local.target_arn] }]
    sqs             = [{ Effect = "Allow", Action = ["sqs:SendMessage"], Resource = [local.target_arn] }]
    sns             = [{ Effect = "Allow", Action = ["sns:Publish"], Resource = [local.target_arn] }]
    firehose        = [{ Effect = "Allow", Action = ["firehose:PutRecord", "firehose:PutRecordBatch"], Resource = [local.target_arn] }]
    event_bus       = [{ Effect = "Allow", Action = ["events:PutEvents"], Resource = [local.target_arn] }]
    api_destination = [{ Effect = "Allow", Action = ["events:InvokeApiDestination"], Resource = [local.target_arn] }]
    dynamodb        = [{ Effect = "Allow", Action = ["states:StartExecution"], Resource = [local.machine_arn] }]
    ecs_task = [
      {
        Effect    = "Allow"
        Action    = ["ecs:RunTask"]
        Resource  = [try(var.route.target.task_definition_arn, "")]
        Condition = { ArnEquals = { "ecs:cluster" = local.target_arn } }
      },
      {
        Effect    = "Allow"
        Action    = ["iam:PassRole"]
        Resource  = try(var.route.target.role_arns, [])
        Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
      },
    ]
  }
  # Where queue or topic have a key of one's own, who sends needs it too.
  with_key = try(local.key_of[local.type], null) == null ? [] : [{
    Effect    = "Allow"
    Action    = ["kms:GenerateDataKey", "kms:Decrypt"]
    Resource  = [local.key_of[local.type]]
    Condition = { StringEquals = { "kms:ViaService" = "${local.type}.${var.where.region}.amazonaws.com" } }
  }]
}

resource "aws_iam_role" "rule" {
  count = local.is_whole && local.type != "log_group" ? 1 : 0

  name                 = local.full_name
  path                 = var.role_path
  permissions_boundary = var.role_permissions_boundary
  description          = "EventBridge sends the events of route ${var.key} to its target"
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
        ArnEqualsIfExists    = { "aws:SourceArn" = local.rule_arn }
      }
    }]
  })
}

resource "aws_iam_role_policy" "rule" {
  count = length(aws_iam_role.rule)

  name = "send"
  role = aws_iam_role.rule[0].id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local.may[local.type], local.with_key)
  })
}
