output "webhook_url" {
  description = "What to enter at GitHub as payload URL."
  value       = module.ingest.webhook_url
}

output "lake_url" {
  description = "The lake, as lakequery --lake takes it."
  value       = module.raw.lake_url
}

output "event_bus_name" {
  description = "The bus on which every delivery appears: put your own rules on it."
  value       = module.bus.name
}

output "event_bus_arn" {
  description = "ARN of that bus, for rules and replays."
  value       = module.bus.arn
}

output "archive_name" {
  description = "The archive to replay from; null where archive_days is."
  value       = module.bus.archive_name
}

output "archive_arn" {
  description = "ARN of that archive, as start-replay takes it; null where archive_days is."
  value       = module.bus.archive_arn
}

output "ingest_function_name" {
  description = "The function behind the webhook."
  value       = module.ingest.function_name
}

output "compactor_function_name" {
  description = "The function that turns raw objects into the table; it may be invoked by hand."
  value       = module.compactor.function_name
}

output "glue_database" {
  description = "The Glue database with the tables events and events_raw."
  value       = module.athena.database
}

output "athena_workgroup" {
  description = "The workgroup to run queries in."
  value       = module.athena.workgroup
}

output "secret_arn" {
  description = "The secret whose value GitHub needs: a Secrets Manager secret, or an SSM parameter where only such are accepted (the first, where several are)."
  value       = concat(module.secret.secret_arns, module.secret.parameter_arns)[0]
}

output "dead_letter_queue_urls" {
  description = "Queues with what could not be delivered: events on their way to the raw zone, notices of objects under raw-errors/, and compactor runs."
  value       = { raw = module.raw.dead_letter_queue_url, raw-errors = module.raw.errors_queue_url, compactor = module.compactor.dead_letter_queue_url }
}

output "alarm_names" {
  description = "Names of the alarms, by what they watch."
  value       = module.watching.alarm_names
}
