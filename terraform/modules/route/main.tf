# A route: a rule for some of the bus's events, and one target for them. What the target does not take,
# EventBridge tries again, and then leaves in a dead-letter queue.

locals {
  full_name  = "${var.name}-route-${var.key}"
  queue_name = "${local.full_name}-dead-letters"
  queue_arn  = "arn:${var.where.partition}:sqs:${var.where.region}:${var.where.account_id}:${local.queue_name}"
  # The name as it is before the apply: policies and alarms are made from it.
  rule_arn = "arn:${var.where.partition}:events:${var.where.region}:${var.where.account_id}:rule/${var.bus.name == "default" ? "" : "${var.bus.name}/"}${local.full_name}"
  is       = { for type in keys(local.of_targets) : type => local.is_whole && local.type == type }
  # Whether the route makes its target, or names one.
  makes = { for type, is in local.is : type => is && !can(var.route.target.arn) }
  retry = { hours = try(coalesce(var.route.retry.hours, 24), 24), attempts = try(coalesce(var.route.retry.attempts, 185), 185) }
}

resource "aws_cloudwatch_event_rule" "this" {
  count = local.is_whole ? 1 : 0

  name           = local.full_name
  description    = try(coalesce(var.route.description), "Route ${var.key}")
  event_bus_name = var.bus.name
  event_pattern  = module.pattern.json
  state          = try(var.route.enabled, true) == false ? "DISABLED" : "ENABLED"
  tags           = var.tags
}

resource "aws_cloudwatch_event_target" "this" {
  count = local.is_whole ? 1 : 0

  rule           = aws_cloudwatch_event_rule.this[0].name
  event_bus_name = var.bus.name
  target_id      = "target"
  arn            = local.target_arn
  # A log group is the one target that EventBridge reaches by the group's own policy only.
  role_arn   = local.type == "log_group" ? null : aws_iam_role.rule[0].arn
  input_path = try(var.route.input.path, null)
  input      = can(var.route.input.constant) ? jsonencode(var.route.input.constant) : null
  depends_on = [aws_iam_role_policy.rule]

  retry_policy {
    maximum_event_age_in_seconds = ceil(local.retry.hours * 3600)
    maximum_retry_attempts       = local.retry.attempts
  }

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters[0].arn
  }

  dynamic "input_transformer" {
    for_each = can(var.route.input.template) ? [1] : []

    content {
      input_paths    = try(var.route.input.paths, {})
      input_template = local.template
    }
  }

  dynamic "sqs_target" {
    for_each = local.is.sqs && can(var.route.target.message_group_id) ? [1] : []

    content {
      message_group_id = var.route.target.message_group_id
    }
  }

  dynamic "http_target" {
    for_each = local.is.api_destination && (can(var.route.target.headers) || can(var.route.target.path_values)) ? [1] : []

    content {
      header_parameters     = try(var.route.target.headers, null)
      path_parameter_values = try(var.route.target.path_values, null)
    }
  }

  dynamic "ecs_target" {
    for_each = local.is.ecs_task ? [1] : []

    content {
      task_definition_arn = var.route.target.task_definition_arn
      task_count          = try(coalesce(var.route.target.tasks), 1)
      launch_type         = "FARGATE"

      network_configuration {
        subnets          = var.route.target.subnet_ids
        security_groups  = try(var.route.target.security_group_ids, [])
        assign_public_ip = try(coalesce(var.route.target.assign_public_ip), false)
      }
    }
  }
}

resource "aws_sqs_queue" "dead_letters" {
  count = local.is_whole ? 1 : 0

  name                      = local.queue_name
  max_message_size          = var.dead_letter_max_bytes
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = var.queue_kms_key_arn == null ? true : null
  kms_master_key_id         = var.queue_kms_key_arn
  tags                      = var.tags
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([{
      Sid       = "Rule"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = local.queue_arn
      Condition = { ArnEquals = { "aws:SourceArn" = local.rule_arn } }
    }], local.tls_only["sqs"][local.queue_arn])
  })
}

locals {
  # Statements that refuse what comes without TLS, by service and resource.
  tls_only = {
    for service in ["sqs", "sns"] : service => {
      for arn in [local.queue_arn, local.made_queue_arn, local.made_topic_arn] : arn => var.tls_only ? [{
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        # A Deny: whatever it is, not without TLS. A topic's policy takes no wildcard for the service.
        Action    = service == "sqs" ? ["sqs:*"] : ["sns:Publish", "sns:Subscribe", "sns:SetTopicAttributes"]
        Resource  = arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }] : []
    }
  }
}
