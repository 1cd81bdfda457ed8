# A second door, for producers that can't sign as GitHub does: an HTTP API that puts each event on the
# bus by itself, without a function. Nobody comes in without a token of the issuer, or a signature for IAM.

locals {
  name    = "${var.name}-producers"
  refused = { namespace = "octolake/door", name = "${local.name}-refused" }
}

resource "aws_apigatewayv2_api" "producers" {
  name          = local.name
  description   = "Events of ${var.door.source} for ${var.name}"
  protocol_type = "HTTP"
  tags          = var.tags
}

# The body is handed on whole: a mapping that took a part of it would see its first 100 KB only. The
# source is not the producer's to choose, so that nothing from here passes for a delivery of GitHub's.
resource "aws_apigatewayv2_integration" "producers" {
  api_id                 = aws_apigatewayv2_api.producers.id
  integration_type       = "AWS_PROXY"
  integration_subtype    = "EventBridge-PutEvents"
  payload_format_version = "1.0"
  credentials_arn        = aws_iam_role.producers.arn
  timeout_milliseconds   = 10000

  request_parameters = {
    Source       = var.door.source
    DetailType   = "$request.path.type"
    Detail       = "$request.body"
    EventBusName = var.event_bus.name
  }
}

resource "aws_apigatewayv2_authorizer" "token" {
  count = var.door.jwt == null ? 0 : 1

  api_id           = aws_apigatewayv2_api.producers.id
  name             = local.name
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]

  jwt_configuration {
    issuer   = var.door.jwt.issuer
    audience = var.door.jwt.audience
  }
}

resource "aws_apigatewayv2_route" "producers" {
  api_id               = aws_apigatewayv2_api.producers.id
  route_key            = "POST /events/{type}"
  target               = "integrations/${aws_apigatewayv2_integration.producers.id}"
  authorization_type   = var.door.jwt == null ? "AWS_IAM" : "JWT"
  authorizer_id        = one(aws_apigatewayv2_authorizer.token[*].id)
  authorization_scopes = var.door.jwt == null ? null : var.door.jwt.scopes
}

resource "aws_apigatewayv2_stage" "producers" {
  api_id      = aws_apigatewayv2_api.producers.id
  name        = "$default"
  auto_deploy = true
  tags        = var.tags

  default_route_settings {
    throttling_rate_limit  = var.door.throttle.rate
    throttling_burst_limit = var.door.throttle.burst
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    # Who it was, as the token or IAM says; nothing of the event.
    format = jsonencode({
      requestId = "$context.requestId"
      time      = "$context.requestTime"
      route     = "$context.routeKey"
      type      = "$context.path"
      status    = "$context.status"
      bytes     = "$context.responseLength"
      latencyMs = "$context.responseLatency"
      subject   = "$context.authorizer.claims.sub"
      caller    = "$context.identity.userArn"
      sourceIp  = "$context.identity.sourceIp"
      refused   = "$context.authorizer.error"
      error     = "$context.integrationErrorMessage"
    })
  }
}

resource "aws_cloudwatch_log_group" "access" {
  #checkov:skip=CKV_AWS_158:who sent how much and when, no payload; log_kms_key_arn gives it a key of one's own
  #checkov:skip=CKV_AWS_338:the lake is the record of what arrived; logs are for finding faults
  name              = "/aws/vendedlogs/apigateway/${local.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
  tags              = var.tags
}

# API Gateway's own count of 4xx has the 404s of strangers who try addresses; a producer is told of a
# wrong path by each answer. Without a default value the metric costs nothing until one is refused.
resource "aws_cloudwatch_log_metric_filter" "refused" {
  name           = local.refused.name
  log_group_name = aws_cloudwatch_log_group.access.name
  pattern        = "{ ($.status = \"4*\") && ($.status != \"404\") }" # strings in the access log

  metric_transformation {
    namespace = local.refused.namespace
    name      = local.refused.name
    value     = "1"
    unit      = "Count"
  }
}

resource "aws_iam_role" "producers" {
  name                 = local.name
  path                 = var.role_path
  permissions_boundary = var.role_permissions_boundary
  description          = "HTTP API ${local.name}: puts events of ${var.door.source} on the bus"
  tags                 = var.tags

  # No page of AWS says that API Gateway names the account when it takes on a role: where it does, it
  # has to be this one.
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "apigateway.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEqualsIfExists = { "aws:SourceAccount" = var.where.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "producers" {
  name = local.name
  role = aws_iam_role.producers.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "EventsOfThisSource"
      Effect   = "Allow"
      Action   = ["events:PutEvents"]
      Resource = [var.event_bus.arn]
      # The key has a value for each entry of a call.
      Condition = { "ForAllValues:StringEquals" = { "events:source" = [var.door.source] } }
    }]
  })
}
