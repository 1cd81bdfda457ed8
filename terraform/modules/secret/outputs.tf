output "secret_arns" {
  description = "ARNs of the Secrets Manager secrets that a delivery may be signed with: the stack's own, or the existing ones in their order."
  value       = local.own ? [aws_secretsmanager_secret.webhook[0].arn] : concat(flatten([for name in var.existing_names : local.existing[name]]), var.existing_arns)
  # Nobody reads a secret before it has a value.
  depends_on = [aws_secretsmanager_secret_version.webhook]

  precondition {
    condition     = alltrue([for arns in values(local.existing) : length(arns) == 1])
    error_message = "No secret named ${join(", ", [for name, arns in local.existing : name if length(arns) != 1])} in this account and region. Create it with 'aws secretsmanager create-secret', or take it out of existing_secret_names."
  }
}

output "parameter_arns" {
  description = "ARNs of the SSM parameters that a delivery may be signed with, in their order."
  value       = [for name in var.existing_parameter_names : local.parameter_arns[name]]
}
