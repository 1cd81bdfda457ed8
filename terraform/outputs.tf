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

output "schema_registry_arn" {
  description = "ARN of the registry for schemas of one's own; null without schemas.registry."
  value       = module.bus.schema_registry_arn
}

output "ingest_function_name" {
  description = "The function behind the webhook; its alias live is what the door calls."
  value       = module.ingest.function_name
}

output "compactor_function_name" {
  description = "The function that turns raw objects into the table; it may be invoked by hand, by its alias live."
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

output "bucket_name" {
  description = "Name of the lake's bucket."
  value       = module.raw.bucket_name
}

output "bucket_arn" {
  description = "ARN of the lake's bucket."
  value       = module.raw.bucket_arn
}

output "function_arns" {
  description = "ARNs of both functions, without a version: for policies and metrics."
  value       = { ingest = module.ingest.function_arn, compactor = module.compactor.function_arn }
}

output "alias_arns" {
  description = "ARNs of both functions' alias live: what to invoke."
  value       = { ingest = module.ingest.alias_arn, compactor = module.compactor.alias_arn }
}

output "function_versions" {
  description = "Numbers of both functions' newest versions, which live points to unless somebody rolled back."
  value       = { ingest = module.ingest.version, compactor = module.compactor.version }
}

output "role_arns" {
  description = "ARNs of the roles of the functions, the schedule, the rule, Firehose and routes."
  value       = merge({ for pair in flatten([for key, roles in module.routes.role_arns : [for of, arn in roles : { key = "route-${key}-${of}", arn = arn }]]) : pair.key => pair.arn }, { ingest = module.ingest.role_arn, compactor = module.compactor.role_arn, schedule = module.compactor.schedule_role_arn }, module.raw.role_arns)
}

output "deliveries_rule_name" {
  description = "Name of the rule that feeds the raw zone."
  value       = module.raw.rule_name
}

output "deliveries_rule_arn" {
  description = "ARN of that rule, as start-replay takes it in FilterArns."
  value       = module.raw.rule_arn
}

output "routes" {
  description = "Of each route by name: rule_name, rule_arn, target_arn, target_url (of a queue that it made), table_name, dead_letter_queue_name, dead_letter_queue_url and dead_letter_queue_arn."
  value       = local.made
}

output "delivery_stream_name" {
  description = "Name of the Firehose stream."
  value       = module.raw.delivery_stream_name
}

output "delivery_stream_arn" {
  description = "ARN of the Firehose stream."
  value       = module.raw.delivery_stream_arn
}

output "log_group_names" {
  description = "Names of the log groups of both functions and of Firehose."
  value       = { ingest = module.ingest.log_group_name, compactor = module.compactor.log_group_name, firehose = module.raw.log_group_name }
}

output "api_id" {
  description = "Id of the HTTP API; null behind a function URL."
  value       = module.ingest.api_id
}

output "domain_target" {
  description = "What the DNS record of domain points to; null without one."
  value       = module.ingest.domain_target
}

output "analyst_policy" {
  description = "Policy, as JSON, for who asks the lake by Athena: attach it to a role or a permission set."
  value       = module.athena.analyst_policy
}
