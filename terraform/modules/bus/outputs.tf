output "name" {
  description = "Name of the bus."
  value       = local.bus_name

  precondition {
    condition     = local.is_there
    error_message = "No event bus named ${coalesce(var.existing_bus_name, "-")} in this account and region. Create it with 'aws events create-event-bus', or leave existing_bus_name out: the stack then makes one."
  }
}

output "arn" {
  description = "ARN of the bus."
  value       = local.bus_arn
}

output "archive_name" {
  description = "Name of the archive; null without one."
  value       = one(aws_cloudwatch_event_archive.deliveries[*].name)
}

output "archive_arn" {
  description = "ARN of the archive; null without one."
  value       = one(aws_cloudwatch_event_archive.deliveries[*].arn)
}

output "schema_registry_arn" {
  description = "ARN of the registry for schemas; null without one."
  value       = one(aws_schemas_registry.own[*].arn)
}

output "deliveries_pattern" {
  description = "Event pattern, as JSON, of what the lake takes from this bus."
  value       = local.deliveries_pattern
}
