output "name" {
  description = "Name of the bus."
  value       = local.bus.name
}

output "arn" {
  description = "ARN of the bus."
  value       = local.bus.arn
}

output "archive_name" {
  description = "Name of the archive; null without one."
  value       = one(aws_cloudwatch_event_archive.deliveries[*].name)
}

output "archive_arn" {
  description = "ARN of the archive; null without one."
  value       = one(aws_cloudwatch_event_archive.deliveries[*].arn)
}

output "deliveries_pattern" {
  description = "Event pattern, as JSON, of what the lake takes from this bus."
  value       = local.deliveries_pattern
}
