mock_provider "aws" {
  override_during = plan
  source          = "./tests/mock"
}

variables {
  name                 = "acme"
  where                = { partition = "aws", region = "eu-central-1", account_id = "123456789012" }
  zip                  = "versions.tf"
  architecture         = "arm64"
  memory_mb            = 256
  reserved_concurrency = -1
  front_door           = "function-url"
  throttle             = { rate = 500, burst = 1000 }
  event_bus            = { name = "acme", arn = "arn:aws:events:eu-central-1:123456789012:event-bus/acme" }
  bucket_arn           = "arn:aws:s3:::acme-lake"
  lake_url             = "s3://acme-lake"
  secret_arns          = ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:a", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:b"]
  parameter_arns       = []
  secret_key_arns      = []
  kms_key_arn          = null
  inline_limit_bytes   = 950000
  filters              = { events = [], ignore_events = [], repositories = [], ignore_repositories = [] }
  log_retention_days   = 30
  tags                 = { team = "a" }
}

run "function_url" {
  command = plan
  module { source = "./modules/ingest" }

  assert {
    condition     = output.webhook_url == "https://abc.lambda-url.eu-central-1.on.aws/webhook" && output.api_id == null
    error_message = "GitHub calls the function URL, at /webhook"
  }
  assert {
    condition     = jsonencode({ for permission in aws_lambda_permission.url : permission.action => [permission.principal, permission.function_url_auth_type] }) == jsonencode({ "lambda:InvokeFunctionUrl" = ["*", "NONE"], "lambda:InvokeFunction" = ["*", null] })
    error_message = "a function URL needs both permissions"
  }
  assert {
    condition     = aws_lambda_function_url.ingest[0].qualifier == "live" && alltrue([for permission in aws_lambda_permission.url : permission.qualifier == "live"]) && aws_lambda_function_event_invoke_config.ingest.qualifier == "live"
    error_message = "the URL, its permissions and what is queued are the alias's"
  }
  assert {
    condition     = aws_lambda_function_event_invoke_config.ingest.maximum_retry_attempts == 0 && aws_lambda_function_event_invoke_config.ingest.maximum_event_age_in_seconds == 60
    error_message = "what a stranger queues is not tried again"
  }
  assert {
    condition     = { for what, filter in aws_cloudwatch_log_metric_filter.counted : what => filter.pattern } == { taken = "{ $.taken IS TRUE }", refused = "{ ($.status >= 400) && ($.status < 500) }", unauthorized = "{ ($.status = 401) && ($.delivery = \"*\") }" } && alltrue([for filter in aws_cloudwatch_log_metric_filter.counted : filter.log_group_name == "/aws/lambda/acme-ingest"])
    error_message = "what the function's log tells is counted"
  }
  assert {
    condition     = length(aws_cloudwatch_log_metric_filter.limited) == 0 && output.limited_metric == null
    error_message = "no throttling but the function's own"
  }
  assert {
    condition = local.environment == {
      OCTOLAKE_BUS_NAME     = "acme"
      OCTOLAKE_SECRET_ARNS  = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:a,arn:aws:secretsmanager:eu-central-1:123456789012:secret:b"
      OCTOLAKE_LARGE_URL    = "s3://acme-lake"
      OCTOLAKE_INLINE_LIMIT = "950000"
    }
    error_message = "the function's environment is a contract with its code"
  }
  assert {
    condition = jsonencode({ for statement in local.permissions : statement.Sid => [statement.Action, statement.Resource] }) == jsonencode({
      Bus         = [["events:PutEvents"], ["arn:aws:events:eu-central-1:123456789012:event-bus/acme"]]
      Secrets     = [["secretsmanager:GetSecretValue"], ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:a", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:b"]]
      LargeBodies = [["s3:PutObject"], ["arn:aws:s3:::acme-lake/large/*"]]
    })
    error_message = "the function may do this and nothing else"
  }
}

run "http_api" {
  command = plan
  module { source = "./modules/ingest" }

  variables {
    front_door = "http-api"
    throttle   = { rate = 20, burst = 40 }
  }

  assert {
    condition     = output.webhook_url == "https://api1.execute-api.eu-central-1.amazonaws.com/webhook" && output.api_id == "api1" && length(aws_lambda_function_url.ingest) == 0
    error_message = "GitHub calls the API, and there is no function URL beside it"
  }
  assert {
    condition     = toset([for route in aws_apigatewayv2_route.ingest : route.route_key]) == toset(["ANY /", "ANY /webhook", "ANY /health", "ANY /ready"]) && aws_apigatewayv2_integration.ingest[0].payload_format_version == "2.0"
    error_message = "routes of the contract, payload 2.0"
  }
  assert {
    condition     = aws_apigatewayv2_stage.ingest[0].default_route_settings[0].throttling_rate_limit == 20 && aws_apigatewayv2_stage.ingest[0].default_route_settings[0].throttling_burst_limit == 40
    error_message = "throttling"
  }
  assert {
    condition     = jsondecode(aws_apigatewayv2_stage.ingest[0].access_log_settings[0].format).status == "$context.status"
    error_message = "access logs"
  }
  assert {
    condition     = aws_cloudwatch_log_metric_filter.limited[0].pattern == "{ $.status = \"429\" }" && aws_cloudwatch_log_metric_filter.limited[0].log_group_name == "/aws/vendedlogs/apigateway/acme-ingest" && aws_cloudwatch_log_metric_filter.limited[0].metric_transformation[0].name == "acme-ingest-limited" && output.limited_metric == { namespace = "octolake/door", name = "acme-ingest-limited" }
    error_message = "what the stage's throttling refuses is counted"
  }
  assert {
    condition     = aws_cloudwatch_log_metric_filter.counted["too-large"].log_group_name == "/aws/vendedlogs/apigateway/acme-ingest" && output.counted["too-large"].name == "acme-ingest-too-large"
    error_message = "bodies that the API refuses are counted by its log"
  }
  assert {
    condition     = aws_lambda_permission.api[0].source_arn == "arn:aws:execute-api:eu-central-1:123456789012:api1/*/*" && length(aws_lambda_permission.url) == 0
    error_message = "only this API may call the function"
  }
  assert {
    condition     = aws_apigatewayv2_integration.ingest[0].integration_uri == "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/f:live/invocations" && aws_lambda_permission.api[0].qualifier == "live"
    error_message = "the API calls the alias"
  }
}

run "every_choice" {
  command = plan
  module { source = "./modules/ingest" }

  variables {
    secret_arns        = []
    parameter_arns     = ["arn:aws:ssm:eu-central-1:123456789012:parameter/acme/webhook"]
    secret_key_arns    = ["arn:aws:kms:eu-central-1:123456789012:key/s"]
    kms_key_arn        = "arn:aws:kms:eu-central-1:123456789012:key/k"
    inline_limit_bytes = 240000
    secret_json_key    = "webhook"
    filters            = { events = ["push", "pull_request"], ignore_events = ["status"], repositories = ["acme/*", "o/r"], ignore_repositories = ["acme/noise"] }
  }

  assert {
    condition = local.environment == {
      OCTOLAKE_BUS_NAME        = "acme"
      OCTOLAKE_SECRET_ARNS     = "arn:aws:ssm:eu-central-1:123456789012:parameter/acme/webhook"
      OCTOLAKE_SECRET_JSON_KEY = "webhook"
      OCTOLAKE_LARGE_URL       = "s3://acme-lake"
      OCTOLAKE_INLINE_LIMIT    = "240000"
      OCTOLAKE_EVENTS          = "push,pull_request"
      OCTOLAKE_IGNORE_EVENTS   = "status"
      OCTOLAKE_REPOS           = "acme/*,o/r"
      OCTOLAKE_IGNORE_REPOS    = "acme/noise"
    }
    error_message = "parameters, filters and limit"
  }
  assert {
    condition = jsonencode({ for statement in local.permissions : statement.Sid => [statement.Action, statement.Resource] }) == jsonencode({
      Bus         = [["events:PutEvents"], ["arn:aws:events:eu-central-1:123456789012:event-bus/acme"]]
      Parameters  = [["ssm:GetParameter"], ["arn:aws:ssm:eu-central-1:123456789012:parameter/acme/webhook"]]
      SecretKeys  = [["kms:Decrypt"], ["arn:aws:kms:eu-central-1:123456789012:key/s"]]
      LargeBodies = [["s3:PutObject"], ["arn:aws:s3:::acme-lake/large/*"]]
      Key         = [["kms:GenerateDataKey", "kms:Decrypt"], ["arn:aws:kms:eu-central-1:123456789012:key/k"]]
    })
    error_message = "a parameter instead of secrets, and both keys"
  }
  assert {
    condition     = jsonencode([for statement in local.permissions : statement.Condition if statement.Sid == "SecretKeys"]) == jsonencode([{ StringEquals = { "kms:ViaService" = ["secretsmanager.eu-central-1.amazonaws.com", "ssm.eu-central-1.amazonaws.com"] } }])
    error_message = "the secrets' keys are for reading secrets"
  }
  assert {
    condition     = jsonencode([for statement in local.permissions : statement.Condition if statement.Sid == "Key"]) == jsonencode([{ StringEquals = { "kms:ViaService" = ["s3.eu-central-1.amazonaws.com", "secretsmanager.eu-central-1.amazonaws.com", "ssm.eu-central-1.amazonaws.com"] } }])
    error_message = "the stack's key is for its bucket and for secrets"
  }
}

run "a_domain" {
  command = plan
  module { source = "./modules/ingest" }

  variables {
    front_door = "http-api"
    domain     = { name = "hooks.example.com", certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/c" }
  }

  assert {
    condition     = output.webhook_url == "https://hooks.example.com/webhook" && aws_apigatewayv2_domain_name.ingest[0].domain_name_configuration[0].security_policy == "TLS_1_2" && aws_apigatewayv2_api_mapping.ingest[0].api_id == "api1"
    error_message = "the API has a name of one's own"
  }
}
