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
  kms_key_arn          = null
  inline_limit_bytes   = 950000
  filters              = { events = [], ignore_events = [], repositories = [] }
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
    condition     = toset([for permission in aws_lambda_permission.url : permission.action]) == toset(["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"])
    error_message = "a function URL needs both permissions"
  }
  assert {
    condition = aws_lambda_function.ingest.environment[0].variables == tomap({
      OCTOLAKE_BUS_NAME     = "acme"
      OCTOLAKE_SECRET_ARNS  = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:a,arn:aws:secretsmanager:eu-central-1:123456789012:secret:b"
      OCTOLAKE_LARGE_URL    = "s3://acme-lake"
      OCTOLAKE_INLINE_LIMIT = "950000"
    })
    error_message = "the function's environment is a contract with its code"
  }
  assert {
    condition     = aws_lambda_function.ingest.runtime == "provided.al2023" && aws_lambda_function.ingest.handler == "bootstrap" && aws_lambda_function.ingest.architectures[0] == "arm64" && aws_lambda_function.ingest.memory_size == 256 && aws_lambda_function.ingest.reserved_concurrent_executions == -1
    error_message = "the function's settings"
  }
  assert {
    condition     = aws_lambda_function.ingest.timeout == 10 && aws_lambda_function.ingest.logging_config[0].log_format == "JSON" && aws_cloudwatch_log_group.ingest.retention_in_days == 30
    error_message = "GitHub waits 10 s; logs are JSON"
  }
  assert {
    condition     = { for statement in jsondecode(aws_iam_role_policy.ingest.policy).Statement : statement.Sid => statement.Action } == { Bus = ["events:PutEvents"], Secrets = ["secretsmanager:GetSecretValue"], LargeBodies = ["s3:PutObject"], Logs = ["logs:CreateLogStream", "logs:PutLogEvents"] }
    error_message = "the function may do this and nothing else"
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.ingest.policy).Statement[2].Resource == ["arn:aws:s3:::acme-lake/large/*"]
    error_message = "it writes large bodies only"
  }
  assert {
    condition     = jsondecode(aws_iam_role.ingest.assume_role_policy).Statement[0].Condition.ArnEquals["aws:SourceArn"] == "arn:aws:lambda:eu-central-1:123456789012:function:acme-ingest"
    error_message = "only this function takes its role"
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
    condition     = toset([for route in aws_apigatewayv2_route.ingest : route.route_key]) == toset(["ANY /", "ANY /webhook", "GET /health"]) && aws_apigatewayv2_integration.ingest[0].payload_format_version == "2.0"
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
    condition     = aws_lambda_permission.api[0].source_arn == "arn:aws:execute-api:eu-central-1:123456789012:api1/*/*" && length(aws_lambda_permission.url) == 0
    error_message = "only this API may call the function"
  }
}

run "every_choice" {
  command = plan
  module { source = "./modules/ingest" }

  variables {
    architecture         = "x86_64"
    memory_mb            = 512
    reserved_concurrency = 50
    kms_key_arn          = "arn:aws:kms:eu-central-1:123456789012:key/k"
    inline_limit_bytes   = 240000
    filters              = { events = ["push", "pull_request"], ignore_events = ["status"], repositories = ["acme/*", "o/r"] }
    log_retention_days   = 7
  }

  assert {
    condition     = aws_lambda_function.ingest.architectures[0] == "x86_64" && aws_lambda_function.ingest.memory_size == 512 && aws_lambda_function.ingest.reserved_concurrent_executions == 50
    error_message = "the function's settings"
  }
  assert {
    condition     = aws_lambda_function.ingest.environment[0].variables["OCTOLAKE_EVENTS"] == "push,pull_request" && aws_lambda_function.ingest.environment[0].variables["OCTOLAKE_IGNORE_EVENTS"] == "status" && aws_lambda_function.ingest.environment[0].variables["OCTOLAKE_REPOS"] == "acme/*,o/r" && aws_lambda_function.ingest.environment[0].variables["OCTOLAKE_INLINE_LIMIT"] == "240000"
    error_message = "filters and limit"
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.ingest.policy).Statement[4].Resource == ["arn:aws:kms:eu-central-1:123456789012:key/k"] && aws_cloudwatch_log_group.ingest.retention_in_days == 7
    error_message = "the key, and the retention"
  }
}

run "a_zip_that_was_not_built" {
  command = plan
  module { source = "./modules/ingest" }

  variables {
    zip = "no-such-folder/bootstrap.zip"
  }

  expect_failures = [aws_lambda_function.ingest]
}
