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
