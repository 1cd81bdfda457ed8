output "bucket_arn" {
  description = "ARN of the lake's bucket."
  value       = local.bucket_arn
  # Who uses the bucket waits for it.
  depends_on = [aws_s3_bucket.lake]
}

output "lake_url" {
  description = "The lake as s3://bucket."
  value       = "s3://${aws_s3_bucket.lake.bucket}"
}

output "delivery_stream_name" {
  description = "Name of the Firehose stream."
  value       = aws_kinesis_firehose_delivery_stream.raw.name
}

output "rule_name" {
  description = "Name of the rule that feeds it."
  value       = aws_cloudwatch_event_rule.deliveries.name
}

output "dead_letter_queue_name" {
  description = "Name of the queue of what the rule could not deliver."
  value       = aws_sqs_queue.dead_letters.name
}

output "dead_letter_queue_url" {
  description = "URL of that queue."
  value       = aws_sqs_queue.dead_letters.url
}

output "errors_queue_name" {
  description = "Name of the queue of notices of objects under raw-errors/."
  value       = aws_sqs_queue.errors.name
}

output "errors_queue_url" {
  description = "URL of that queue."
  value       = aws_sqs_queue.errors.url
}

output "bucket_name" {
  description = "Name of the lake's bucket."
  value       = aws_s3_bucket.lake.bucket
}

output "delivery_stream_arn" {
  description = "ARN of the Firehose stream."
  value       = aws_kinesis_firehose_delivery_stream.raw.arn
}

output "rule_arn" {
  description = "ARN of the rule that feeds it."
  value       = aws_cloudwatch_event_rule.deliveries.arn
}

output "role_arns" {
  description = "ARNs of the roles of the rule and of Firehose."
  value       = { rule = aws_iam_role.rule.arn, firehose = aws_iam_role.firehose.arn }
}

output "log_group_name" {
  description = "Name of Firehose's log group."
  value       = aws_cloudwatch_log_group.firehose.name
}
