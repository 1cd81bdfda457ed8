output "function_name" {
  description = "Name of the function."
  value       = module.function.name
}

output "dead_letter_queue_name" {
  description = "Name of the queue of runs that failed."
  value       = aws_sqs_queue.dead_letters.name
}

output "dead_letter_queue_url" {
  description = "URL of that queue."
  value       = aws_sqs_queue.dead_letters.url
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

output "schedule_role_arn" {
  description = "ARN of the schedule's role."
  value       = aws_iam_role.schedule.arn
}
