output "name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "arn" {
  description = "ARN of the function, without a version."
  value       = aws_lambda_function.this.arn
}

output "alias" {
  description = "Name of its alias: the qualifier of whatever belongs to what runs."
  value       = aws_lambda_alias.live.name
}

output "alias_arn" {
  description = "ARN of that alias: what to invoke."
  value       = aws_lambda_alias.live.arn
}

output "alias_invoke_arn" {
  description = "ARN by which an HTTP API calls the alias."
  value       = aws_lambda_alias.live.invoke_arn
}

output "version" {
  description = "Number of the newest version, which the alias points to."
  value       = aws_lambda_function.this.version
}

output "log_group_name" {
  description = "Name of its log group."
  value       = aws_cloudwatch_log_group.this.name
}

output "role_arn" {
  description = "ARN of its role."
  value       = aws_iam_role.this.arn
}
