# The second door: nobody without an authorizer, a source that nobody chooses, and a role for that alone.

mock_provider "aws" {
  override_during = plan
  source          = "./tests/mock"
}

variables {
  name               = "acme"
  where              = { partition = "aws", region = "eu-central-1", account_id = "123456789012" }
  door               = { source = "deploy-tools", jwt = { issuer = "https://issuer.example", audience = ["octolake"], scopes = ["events/write"] }, throttle = { rate = 20, burst = 40 } }
  event_bus          = { name = "acme", arn = "arn:aws:events:eu-central-1:123456789012:event-bus/acme" }
  log_retention_days = 30
  tags               = {}
}

run "tokens" {
  command = plan
  module { source = "./modules/producers" }

  override_resource {
    target          = aws_apigatewayv2_authorizer.token
    override_during = plan
    values          = { id = "auth1" }
  }

  assert {
    condition     = aws_apigatewayv2_route.producers.route_key == "POST /events/{type}" && aws_apigatewayv2_route.producers.authorization_type == "JWT" && aws_apigatewayv2_route.producers.authorization_scopes == toset(["events/write"])
    error_message = "the one route wants a token with a scope"
  }
  assert {
    condition     = aws_apigatewayv2_route.producers.authorizer_id == "auth1" && aws_apigatewayv2_authorizer.token[0].jwt_configuration[0].issuer == "https://issuer.example" && aws_apigatewayv2_authorizer.token[0].jwt_configuration[0].audience == toset(["octolake"])
    error_message = "of the issuer, for the audience"
  }
  assert {
    condition     = aws_apigatewayv2_integration.producers.integration_subtype == "EventBridge-PutEvents" && aws_apigatewayv2_integration.producers.request_parameters == tomap({ Source = "deploy-tools", DetailType = "$request.path.type", Detail = "$request.body", EventBusName = "acme" })
    error_message = "the source is fixed, and the body handed on whole"
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.producers.policy).Statement == [{
      Sid       = "EventsOfThisSource"
      Effect    = "Allow"
      Action    = ["events:PutEvents"]
      Resource  = ["arn:aws:events:eu-central-1:123456789012:event-bus/acme"]
      Condition = { "ForAllValues:StringEquals" = { "events:source" = ["deploy-tools"] } }
    }]
    error_message = "the role may put events of this source on this bus, and nothing else"
  }
  assert {
    condition     = jsondecode(aws_iam_role.producers.assume_role_policy).Statement[0].Principal == { Service = "apigateway.amazonaws.com" }
    error_message = "API Gateway has the role"
  }
  assert {
    condition     = aws_apigatewayv2_stage.producers.default_route_settings[0].throttling_rate_limit == 20 && aws_apigatewayv2_stage.producers.default_route_settings[0].throttling_burst_limit == 40
    error_message = "throttling"
  }
  assert {
    condition     = aws_cloudwatch_log_group.access.name == "/aws/vendedlogs/apigateway/acme-producers" && jsondecode(aws_apigatewayv2_stage.producers.access_log_settings[0].format).status == "$context.status" && !strcontains(aws_apigatewayv2_stage.producers.access_log_settings[0].format, "header")
    error_message = "an access log, with nothing of a token in it"
  }
  assert {
    condition     = aws_cloudwatch_log_metric_filter.refused.log_group_name == "/aws/vendedlogs/apigateway/acme-producers" && aws_cloudwatch_log_metric_filter.refused.pattern == "{ ($.status = \"4*\") && ($.status != \"404\") }" && output.refused_metric == { namespace = "octolake/door", name = "acme-producers-refused" }
    error_message = "what it refused is counted, and no stranger's 404"
  }
}

run "iam" {
  command = plan
  module { source = "./modules/producers" }

  variables {
    door                      = { source = "deploy-tools", throttle = { rate = 20, burst = 40 } }
    role_path                 = "/acme/"
    role_permissions_boundary = "arn:aws:iam::123456789012:policy/acme-boundary"
    log_kms_key_arn           = "arn:aws:kms:eu-central-1:123456789012:key/k"
  }

  assert {
    condition     = aws_apigatewayv2_route.producers.authorization_type == "AWS_IAM" && length(aws_apigatewayv2_authorizer.token) == 0
    error_message = "without tokens IAM says who comes in: there is no route without either"
  }
  assert {
    condition     = aws_iam_role.producers.path == "/acme/" && aws_iam_role.producers.permissions_boundary == "arn:aws:iam::123456789012:policy/acme-boundary" && aws_cloudwatch_log_group.access.kms_key_id == "arn:aws:kms:eu-central-1:123456789012:key/k"
    error_message = "its role is under the path and bounded, its log under the key"
  }
}

run "on_a_shared_bus" {
  command = plan
  module { source = "./modules/bus" }

  variables {
    existing_bus_name = "shared"
    producers_source  = "deploy-tools"
    archive_days      = 7
    archive_events    = []
    log_events        = false
  }

  assert {
    condition     = jsondecode(output.deliveries_pattern) == { "$or" = [{ detail = { _delivery = { id = [{ exists = true }] } } }, { source = ["deploy-tools"] }] }
    error_message = "of a shared bus the lake takes deliveries, and what came by the second door"
  }
}
