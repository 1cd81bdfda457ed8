mock_provider "aws" {
  override_during = plan
  source          = "./tests/mock"
}

variables {
  name               = "acme-ingest"
  description        = "Does what it does"
  where              = { partition = "aws", region = "eu-central-1", account_id = "123456789012" }
  zip                = "versions.tf"
  architecture       = "arm64"
  memory_mb          = 256
  timeout_seconds    = 10
  environment        = { A = "b" }
  permissions        = []
  log_retention_days = 30
  tags               = { team = "a" }
}

run "defaults" {
  command = plan
  module { source = "./modules/function" }

  assert {
    condition     = aws_lambda_function.this.function_name == "acme-ingest" && aws_lambda_function.this.runtime == "provided.al2023" && aws_lambda_function.this.handler == "bootstrap" && aws_lambda_function.this.architectures == tolist(["arm64"])
    error_message = "a zip with a bootstrap, for arm64"
  }
  assert {
    condition     = aws_lambda_function.this.memory_size == 256 && aws_lambda_function.this.timeout == 10 && aws_lambda_function.this.reserved_concurrent_executions == -1 && aws_lambda_function.this.environment[0].variables == tomap({ A = "b" })
    error_message = "the function's settings; nothing is reserved"
  }
  assert {
    condition     = aws_lambda_function.this.logging_config[0].log_format == "JSON" && aws_lambda_function.this.logging_config[0].system_log_level == "INFO" && aws_cloudwatch_log_group.this.name == "/aws/lambda/acme-ingest" && aws_cloudwatch_log_group.this.retention_in_days == 30
    error_message = "logs are JSON, in a group with a retention"
  }
  assert {
    condition     = aws_lambda_function.this.publish && aws_lambda_alias.live.name == "live" && aws_lambda_alias.live.function_name == "acme-ingest" && aws_lambda_alias.live.function_version == "7" && length(aws_lambda_alias.live.routing_config) == 0
    error_message = "each change is a version, and the alias points to the newest, wholly"
  }
  assert {
    condition     = output.alias == "live" && endswith(output.alias_arn, ":function:live") && endswith(output.alias_invoke_arn, "/f:live/invocations") && output.version == "7" && endswith(output.arn, ":function")
    error_message = "what invokes is told the alias"
  }
  assert {
    condition = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition == {
      StringEqualsIfExists = { "aws:SourceAccount" = "123456789012" }
      ArnLikeIfExists      = { "aws:SourceArn" = ["arn:aws:lambda:eu-central-1:123456789012:function:acme-ingest", "arn:aws:lambda:eu-central-1:123456789012:function:acme-ingest:*"] }
    }
    error_message = "only this function takes its role"
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.this.policy).Statement == [{ Sid = "Logs", Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = ["arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/acme-ingest:*"] }]
    error_message = "it may write its log, and nothing else"
  }
  assert {
    condition     = aws_iam_role.this.path == "/" && aws_iam_role.this.permissions_boundary == null
    error_message = "by default the role has no path and no boundary"
  }
  assert {
    condition     = alltrue([for tags in [aws_lambda_function.this.tags, aws_iam_role.this.tags, aws_cloudwatch_log_group.this.tags] : tags["team"] == "a"])
    error_message = "tags"
  }
}

run "every_choice" {
  command = plan
  module { source = "./modules/function" }

  variables {
    architecture         = "x86_64"
    memory_mb            = 3008
    timeout_seconds      = 300
    reserved_concurrency = 50
    system_log_level     = "WARN"
    log_retention_days   = 7

    role_path                 = "/acme/"
    role_permissions_boundary = "arn:aws:iam::123456789012:policy/acme-boundary"
    permissions = [
      { Sid = "One", Action = ["s3:GetObject"], Resource = ["arn:aws:s3:::b/*"] },
      { Sid = "Two", Effect = "Deny", Action = ["s3:PutObject"], Resource = ["arn:aws:s3:::b/*"], Condition = { StringEquals = { "aws:a" = ["b"] } } },
    ]
  }

  assert {
    condition     = aws_lambda_function.this.architectures == tolist(["x86_64"]) && aws_lambda_function.this.memory_size == 3008 && aws_lambda_function.this.timeout == 300 && aws_lambda_function.this.reserved_concurrent_executions == 50
    error_message = "the function's settings"
  }
  assert {
    condition     = aws_lambda_function.this.logging_config[0].system_log_level == "WARN" && aws_cloudwatch_log_group.this.retention_in_days == 7
    error_message = "what is logged, and for how long it is kept"
  }
  assert {
    condition = slice(jsondecode(aws_iam_role_policy.this.policy).Statement, 0, 2) == [
      { Sid = "One", Effect = "Allow", Action = ["s3:GetObject"], Resource = ["arn:aws:s3:::b/*"] },
      { Sid = "Two", Effect = "Deny", Action = ["s3:PutObject"], Resource = ["arn:aws:s3:::b/*"], Condition = { StringEquals = { "aws:a" = ["b"] } } },
    ]
    error_message = "statements as they were given, without empty members"
  }
  assert {
    condition     = aws_iam_role.this.path == "/acme/" && aws_iam_role.this.permissions_boundary == "arn:aws:iam::123456789012:policy/acme-boundary"
    error_message = "the role has the path and the boundary"
  }
}

run "a_zip_that_was_not_built" {
  command = plan
  module { source = "./modules/function" }

  variables {
    zip = "no-such-folder/bootstrap.zip"
  }

  expect_failures = [aws_lambda_function.this]
}

run "code_in_s3" {
  command = plan
  module { source = "./modules/function" }

  variables {
    zip             = null
    code            = { bucket = "releases", key = "v1/ingest.zip", object_version = "v", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
    tracing         = true
    vpc             = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }
    log_level       = "DEBUG"
    log_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/l"
  }

  override_resource {
    target          = aws_lambda_function.this
    override_during = plan
    values          = { code_sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
  }

  assert {
    condition     = aws_lambda_function.this.s3_bucket == "releases" && aws_lambda_function.this.s3_key == "v1/ingest.zip" && aws_lambda_function.this.s3_object_version == "v" && aws_lambda_function.this.filename == null
    error_message = "the zip is the bucket's"
  }
  assert {
    condition     = aws_lambda_function.this.tracing_config[0].mode == "Active" && aws_lambda_function.this.vpc_config[0].subnet_ids == toset(["subnet-1"]) && aws_lambda_function.this.logging_config[0].application_log_level == "DEBUG" && aws_cloudwatch_log_group.this.kms_key_id == "arn:aws:kms:eu-central-1:123456789012:key/l"
    error_message = "traces, network, level and key of the logs"
  }
  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid] == ["Traces", "Network", "Logs"]
    error_message = "what traces and a network need"
  }
}

run "code_that_somebody_changed" {
  command = plan
  module { source = "./modules/function" }

  variables {
    zip  = null
    code = { bucket = "releases", key = "v1/ingest.zip", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
  }

  override_resource {
    target          = aws_lambda_function.this
    override_during = plan
    values          = { code_sha256 = "another" }
  }

  expect_failures = [aws_lambda_function.this]
}

run "a_zip_that_is_not_here_and_whose_sum_is_known" {
  command = plan
  module { source = "./modules/function" }

  variables {
    zip        = "no-such-file.zip"
    zip_sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
  }

  assert {
    condition     = aws_lambda_function.this.source_code_hash == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" && aws_lambda_function.this.filename == "no-such-file.zip"
    error_message = "a plan needs the sum of a release's zip, and no file"
  }
}
