# What a route makes for its events, where it names nothing that is there: a log group, a queue, a topic,
# an API destination. The table is in table.tf.

locals {
  here = "${var.where.region}:${var.where.account_id}"
  # Where a name is not one, that is said in values.tf, and not by the provider in front of it.
  given_name     = try(regex(local.names[local.type], var.route.target.name), null) == null ? null : var.route.target.name
  own_name       = coalesce(local.given_name, local.full_name)
  made_queue_arn = "arn:${var.where.partition}:sqs:${local.here}:${local.own_name}"
  made_topic_arn = "arn:${var.where.partition}:sns:${local.here}:${local.own_name}"
  log_group_name = coalesce(local.given_name, "/aws/events/${var.name}-${var.key}")
  given_arn      = try(var.route.target.arn, null)

  target_arn = !local.is_whole ? null : {
    log_group = local.makes.log_group ? one(aws_cloudwatch_log_group.this[*].arn) : try(trimsuffix(local.given_arn, ":*"), null)
    lambda    = local.given_arn
    sqs       = local.makes.sqs ? one(aws_sqs_queue.this[*].arn) : local.given_arn
    sns       = local.makes.sns ? one(aws_sns_topic.this[*].arn) : local.given_arn
    firehose  = local.given_arn
    event_bus = local.given_arn
    # A destination that is made has an id in its ARN that only AWS knows.
    api_destination = local.makes.api_destination ? one(aws_cloudwatch_event_api_destination.this[*].arn) : local.given_arn
    dynamodb        = one(aws_sfn_state_machine.keep[*].arn)
    ecs_task        = try(var.route.target.cluster_arn, null)
  }[local.type]
}

# A list, so that this module and not the provider says what to do when the bus is not in it. By the
# name, so that of a bus that the same apply makes it is read after that.
data "aws_cloudwatch_event_buses" "target" {
  count = local.is.event_bus ? 1 : 0

  name_prefix = local.bus_name
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158:CloudWatch encrypts with its own key; log_kms_key_arn names another
  #checkov:skip=CKV_AWS_338:a copy for looking at: the lake keeps the events
  count = local.makes.log_group ? 1 : 0

  name              = local.log_group_name
  retention_in_days = try(coalesce(var.route.target.retention_days), var.log_retention_days)
  kms_key_id        = var.log_kms_key_arn
  tags              = var.tags
}

resource "aws_sqs_queue" "this" {
  count = local.makes.sqs ? 1 : 0

  name                       = local.own_name
  max_message_size           = var.dead_letter_max_bytes
  visibility_timeout_seconds = try(coalesce(var.route.target.visibility_seconds), 30)
  message_retention_seconds  = try(coalesce(var.route.target.retention_seconds), 345600)
  sqs_managed_sse_enabled    = var.queue_kms_key_arn == null ? true : null
  kms_master_key_id          = var.queue_kms_key_arn
  tags                       = var.tags
  # Who sends has a role; this only refuses.
  policy = var.tls_only ? jsonencode({ Version = "2012-10-17", Statement = local.tls_only["sqs"][local.made_queue_arn] }) : null
}

resource "aws_sns_topic" "this" {
  #checkov:skip=CKV_AWS_26:a key is the owner's choice (kms_key_parts); AWS's own for SNS can't be used by EventBridge
  count = local.makes.sns ? 1 : 0

  name              = local.own_name
  kms_master_key_id = var.queue_kms_key_arn
  tags              = var.tags
}

resource "aws_sns_topic_policy" "this" {
  count = local.makes.sns && var.tls_only ? 1 : 0

  arn = aws_sns_topic.this[0].arn
  policy = jsonencode({
    Version = "2012-10-17"
    # In place of the default one, which lets the account's own principals in: so that stays.
    Statement = concat([{
      Sid       = "Account"
      Effect    = "Allow"
      Principal = { AWS = "arn:${var.where.partition}:iam::${var.where.account_id}:root" }
      Action    = ["sns:Publish", "sns:Subscribe", "sns:GetTopicAttributes", "sns:SetTopicAttributes", "sns:ListSubscriptionsByTopic", "sns:DeleteTopic", "sns:AddPermission", "sns:RemovePermission"]
      Resource  = local.made_topic_arn
    }], local.tls_only["sns"][local.made_topic_arn])
  })
}

resource "aws_cloudwatch_event_api_destination" "this" {
  count = local.makes.api_destination ? 1 : 0

  name                             = local.full_name
  description                      = "Where route ${var.key} sends events"
  invocation_endpoint              = var.route.target.url
  http_method                      = try(coalesce(var.route.target.method), "POST")
  invocation_rate_limit_per_second = try(coalesce(var.route.target.rate_per_second), 300)
  # A connection holds a credential, which would be in the state if it were made here.
  connection_arn = var.route.target.connection_arn
}
