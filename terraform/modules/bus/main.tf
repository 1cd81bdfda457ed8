# The bus: one's own or an existing one, its archive, and a rule that logs every event.

locals {
  own      = var.existing_bus_name == null
  bus_name = local.own ? aws_cloudwatch_event_bus.own[0].name : var.existing_bus_name
  bus_arn  = local.own ? aws_cloudwatch_event_bus.own[0].arn : "arn:${var.where.partition}:events:${var.where.region}:${var.where.account_id}:event-bus/${var.existing_bus_name}"
  is_there = local.own ? true : contains(try(data.aws_cloudwatch_event_buses.existing[0].event_buses[*].name, []), var.existing_bus_name)

  # On a bus of its own the lake takes everything, also what another producer puts there. On a
  # shared one only what has an octolake delivery in it is the lake's, and what came by its second door.
  shared_patterns    = concat([{ detail = { _delivery = { id = [{ exists = true }] } } }], [for source in var.producers_source[*] : { source = [source] }])
  shared_pattern     = length(local.shared_patterns) == 1 ? jsonencode(local.shared_patterns[0]) : jsonencode({ "$or" = local.shared_patterns })
  deliveries_pattern = local.own ? jsonencode({ source = [{ prefix = "" }] }) : local.shared_pattern
  archive_pattern = length(var.archive_events) == 0 ? local.deliveries_pattern : jsonencode(
    merge(jsondecode(local.deliveries_pattern), { "detail-type" = var.archive_events })
  )
}

resource "aws_cloudwatch_event_bus" "own" {
  count = local.own ? 1 : 0

  name               = var.name
  description        = "GitHub webhook deliveries of ${var.name}"
  kms_key_identifier = var.kms_key_arn
  tags               = var.tags
}

# A list, so that this module and not the provider says what to do when the bus is not in it.
data "aws_cloudwatch_event_buses" "existing" {
  count = local.own ? 0 : 1

  name_prefix = var.existing_bus_name
}

resource "aws_cloudwatch_event_archive" "deliveries" {
  count = var.archive_days == null ? 0 : 1

  name             = "${var.name}-deliveries"
  description      = "Deliveries for replay"
  event_source_arn = local.bus_arn
  event_pattern    = local.archive_pattern
  retention_days   = var.archive_days
}

resource "aws_cloudwatch_event_rule" "log" {
  count = var.log_events ? 1 : 0

  name           = "${var.name}-log"
  description    = "Every delivery to a log group"
  event_bus_name = local.bus_name
  event_pattern  = local.deliveries_pattern
  tags           = var.tags
}

resource "aws_cloudwatch_log_group" "events" {
  #checkov:skip=CKV_AWS_158:CloudWatch encrypts with its own key; a key of one's own would need a policy outside of this stack
  #checkov:skip=CKV_AWS_338:a copy for looking at: the lake keeps the events
  count = var.log_events ? 1 : 0

  name              = "/aws/events/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
  tags              = var.tags
}

resource "aws_cloudwatch_event_target" "log" {
  count = var.log_events ? 1 : 0

  rule           = aws_cloudwatch_event_rule.log[0].name
  event_bus_name = local.bus_name
  target_id      = "log"
  arn            = aws_cloudwatch_log_group.events[0].arn
}

resource "aws_cloudwatch_log_resource_policy" "events" {
  count = var.log_events ? 1 : 0

  policy_name = "${var.name}-events"
  policy_document = jsonencode({
    Version = "2012-10-17"
    # The streams below the group are EventBridge's to name.
    Statement = [
      {
        # AWS's guide has no condition here: EventBridge may make a stream without naming a rule.
        # An empty stream is all that comes of it.
        Effect    = "Allow"
        Principal = { Service = ["events.amazonaws.com", "delivery.logs.amazonaws.com"] }
        Action    = ["logs:CreateLogStream"]
        Resource  = "${aws_cloudwatch_log_group.events[0].arn}:*"
      },
      {
        Effect    = "Allow"
        Principal = { Service = ["events.amazonaws.com", "delivery.logs.amazonaws.com"] }
        Action    = ["logs:PutLogEvents"]
        Resource  = "${aws_cloudwatch_log_group.events[0].arn}:*"
        Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.log[0].arn } }
      },
    ]
  })
}
