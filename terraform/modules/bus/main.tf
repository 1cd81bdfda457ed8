# The bus: one's own or an existing one, and its archive.

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
