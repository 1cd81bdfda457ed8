# The front door: a function URL, or an HTTP API with throttling and access logs.

locals {
  by_url  = var.front_door == "function-url"
  own_url = local.by_url ? aws_lambda_function_url.ingest[0].function_url : aws_apigatewayv2_api.ingest[0].api_endpoint
  url     = var.domain == null ? local.own_url : "https://${var.domain.name}"
  limited = { namespace = "octolake/door", name = "${local.name}-limited" }
}

resource "aws_lambda_function_url" "ingest" {
  #checkov:skip=CKV_AWS_258:GitHub can't sign for IAM: the function checks each delivery's HMAC signature instead
  count = local.by_url ? 1 : 0

  function_name      = module.function.name
  qualifier          = module.function.alias
  authorization_type = "NONE"
}

# Since October 2025 a function URL needs both permissions. The second could be narrowed to calls
# through the URL (lambda:InvokedViaFunctionUrl), which the provider knows since 6.29 only. Nothing
# hangs on it: whoever calls the function by Lambda's API gets no further than by the public URL,
# since the function takes what is signed with the webhook's secret, and nothing else.
resource "aws_lambda_permission" "url" {
  #checkov:skip=CKV_AWS_301:the door is public; the function refuses what GitHub has not signed
  #checkov:skip=CKV_AWS_364:no principal of AWS calls it: GitHub does
  for_each = local.by_url ? { InvokeFunctionUrl = "NONE", InvokeFunction = null } : {}

  statement_id           = "Public${each.key}"
  function_name          = module.function.name
  qualifier              = module.function.alias
  action                 = "lambda:${each.key}"
  principal              = "*"
  function_url_auth_type = each.value
}

# Nobody of the stack calls the function asynchronously. What a stranger queued by Lambda's API (see
# above) is tried once, at once, and dropped.
resource "aws_lambda_function_event_invoke_config" "ingest" {
  function_name                = module.function.name
  qualifier                    = module.function.alias
  maximum_event_age_in_seconds = 60
  maximum_retry_attempts       = 0
}

resource "aws_apigatewayv2_api" "ingest" {
  count = local.by_url ? 0 : 1

  name          = local.name
  description   = "GitHub webhooks of ${var.name}"
  protocol_type = "HTTP"
  tags          = var.tags
}

resource "aws_apigatewayv2_integration" "ingest" {
  count = local.by_url ? 0 : 1

  api_id                 = aws_apigatewayv2_api.ingest[0].id
  integration_type       = "AWS_PROXY"
  integration_uri        = module.function.alias_invoke_arn
  payload_format_version = "2.0"
  timeout_milliseconds   = 10000
}

resource "aws_apigatewayv2_route" "ingest" {
  #checkov:skip=CKV_AWS_309:GitHub can't sign for IAM: the function checks each delivery's HMAC signature instead
  # ANY, so that the function gives the contract's 405 to a wrong method.
  for_each = local.by_url ? toset([]) : toset(["ANY /", "ANY /webhook", "ANY /health", "ANY /ready"])

  api_id    = aws_apigatewayv2_api.ingest[0].id
  route_key = each.value
  target    = "integrations/${aws_apigatewayv2_integration.ingest[0].id}"
}

resource "aws_apigatewayv2_stage" "ingest" {
  count = local.by_url ? 0 : 1

  api_id      = aws_apigatewayv2_api.ingest[0].id
  name        = "$default"
  auto_deploy = true
  tags        = var.tags

  default_route_settings {
    throttling_rate_limit  = var.throttle.rate
    throttling_burst_limit = var.throttle.burst
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access[0].arn
    format = jsonencode({
      requestId = "$context.requestId"
      time      = "$context.requestTime"
      method    = "$context.httpMethod"
      route     = "$context.routeKey"
      status    = "$context.status"
      bytes     = "$context.responseLength"
      latencyMs = "$context.responseLatency"
      error     = "$context.integrationErrorMessage"
    })
  }
}

resource "aws_cloudwatch_log_group" "access" {
  #checkov:skip=CKV_AWS_158:status and latency of requests, no payload; CloudWatch encrypts them with its own key
  #checkov:skip=CKV_AWS_338:the lake is the record of what arrived; logs are for finding faults
  count = local.by_url ? 0 : 1

  name              = "/aws/vendedlogs/apigateway/${local.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.settings.log_kms_key_arn
  tags              = var.tags
}

# What the stage's throttling refuses reaches no function, and no metric of API Gateway's counts it
# by itself. Without a default value the metric costs nothing until there is a 429.
resource "aws_cloudwatch_log_metric_filter" "limited" {
  count = local.by_url ? 0 : 1

  name           = local.limited.name
  log_group_name = aws_cloudwatch_log_group.access[0].name
  pattern        = "{ $.status = \"429\" }" # a string in the access log

  metric_transformation {
    namespace = local.limited.namespace
    name      = local.limited.name
    value     = "1"
    unit      = "Count"
  }
}

resource "aws_lambda_permission" "api" {
  count = local.by_url ? 0 : 1

  statement_id  = "HttpApi"
  function_name = module.function.name
  qualifier     = module.function.alias
  action        = "lambda:InvokeFunction"
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.ingest[0].execution_arn}/*/*" # every route of this one API
}
