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
