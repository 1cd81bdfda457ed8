output "webhook_url" {
  description = "What GitHub calls."
  value       = "${trimsuffix(local.url, "/")}/webhook"
}

output "function_name" {
  description = "Name of the function."
  value       = module.function.name
}

output "api_id" {
  description = "Id of the HTTP API; null behind a function URL."
  value       = local.by_url ? null : aws_apigatewayv2_api.ingest[0].id
}

output "limited_metric" {
  description = "Metric of the requests that the HTTP API's throttling refused; null behind a function URL."
  value       = local.by_url ? null : local.limited
}

output "counted" {
  description = "Metrics of what the door's logs tell, by what they count: taken, refused, unauthorized, and too-large behind an HTTP API."
  # From what is written here, and not from the filters: what there is to watch is known before they are.
  value = {
    for what in keys(merge(local.counted, local.counted_at_the_api)) :
    what => { namespace = local.limited.namespace, name = "${local.name}-${what}" }
  }
}

output "function_arn" {
  description = "ARN of the function, without a version."
  value       = module.function.arn
}

output "alias_arn" {
  description = "ARN of its alias live: what to invoke."
  value       = module.function.alias_arn
}

output "version" {
  description = "Number of the function's newest version."
  value       = module.function.version
}

output "role_arn" {
  description = "ARN of the function's role."
  value       = module.function.role_arn
}

output "log_group_name" {
  description = "Name of the function's log group."
  value       = module.function.log_group_name
}

output "domain_target" {
  description = "What the DNS record of the domain points to; null without one."
  value       = var.domain == null ? null : one(aws_apigatewayv2_domain_name.ingest[0].domain_name_configuration).target_domain_name
}
