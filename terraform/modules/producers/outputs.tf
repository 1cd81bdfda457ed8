output "url" {
  description = "Where producers POST an event: append its type."
  value       = "${trimsuffix(aws_apigatewayv2_api.producers.api_endpoint, "/")}/events/"
}

output "invoke_arn" {
  description = "What execute-api:Invoke is allowed for, where IAM says who may send."
  value       = "${aws_apigatewayv2_api.producers.execution_arn}/$default/POST/events/*"
}

output "api_id" {
  description = "Id of the HTTP API."
  value       = aws_apigatewayv2_api.producers.id
}

output "role_arn" {
  description = "ARN of the role that puts the events."
  value       = aws_iam_role.producers.arn
}

output "log_group_name" {
  description = "Name of the access log's group."
  value       = aws_cloudwatch_log_group.access.name
}

output "refused_metric" {
  description = "Metric of the requests that it answered with 4xx, but for 404."
  value       = local.refused
}
