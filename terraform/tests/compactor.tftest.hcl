mock_provider "aws" {
  override_during = plan
  source          = "./tests/mock"
}

variables {
  name               = "acme"
  where              = { partition = "aws", region = "eu-central-1", account_id = "123456789012" }
  zip                = "versions.tf"
  architecture       = "arm64"
  memory_mb          = 1769
  timeout_seconds    = 900
  target_file_mb     = 128
  bucket_arn         = "arn:aws:s3:::acme-lake"
  lake_url           = "s3://acme-lake"
  kms_key_arn        = null
  schedule           = { expression = "rate(15 minutes)", timezone = "UTC", window_minutes = 0 }
  tls_only           = true
  log_retention_days = 30
  tags               = {}
}

run "defaults" {
  command = plan
  module { source = "./modules/compactor" }

  assert {
    condition     = aws_lambda_function.compactor.environment[0].variables == tomap({ LAKE_URL = "s3://acme-lake", OCTOLAKE_TARGET_FILE_BYTES = "134217728" })
    error_message = "the function's environment is a contract with its code"
  }
  assert {
    condition     = aws_lambda_function.compactor.memory_size == 1769 && aws_lambda_function.compactor.timeout == 900 && aws_lambda_function.compactor.architectures[0] == "arm64"
    error_message = "the function's settings"
  }
  assert {
    condition = toset(flatten([
      for statement in jsondecode(aws_iam_role_policy.compactor.policy).Statement : statement.Action
      if statement.Effect == "Allow" && length([for r in statement.Resource : r if startswith(r, "arn:aws:s3:::acme-lake/raw/") || startswith(r, "arn:aws:s3:::acme-lake/large/") || r == "arn:aws:s3:::acme-lake/*"]) > 0
    ])) == toset(["s3:GetObject"])
    error_message = "the compactor may read raw objects, and nothing else"
  }
  assert {
    condition     = toset([for statement in jsondecode(aws_iam_role_policy.compactor.policy).Statement : statement.Action if statement.Effect == "Deny"][0]) == toset(["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject"])
    error_message = "and a policy added later can't change that"
  }
  assert {
    condition     = aws_scheduler_schedule.compactor.schedule_expression == "rate(15 minutes)" && aws_scheduler_schedule.compactor.flexible_time_window[0].mode == "OFF" && aws_scheduler_schedule.compactor.schedule_expression_timezone == "UTC"
    error_message = "every 15 minutes, on time"
  }
  assert {
    condition     = aws_scheduler_schedule.compactor.target[0].dead_letter_config[0].arn == aws_sqs_queue.dead_letters.arn && aws_lambda_function_event_invoke_config.compactor.destination_config[0].on_failure[0].destination == aws_sqs_queue.dead_letters.arn
    error_message = "runs that failed are kept, whether they started or not"
  }
  assert {
    condition     = jsondecode(aws_iam_role.schedule.assume_role_policy).Statement[0].Condition.ArnEquals["aws:SourceArn"] == aws_scheduler_schedule_group.compactor.arn && jsondecode(aws_iam_role.compactor.assume_role_policy).Statement[0].Condition.ArnEquals["aws:SourceArn"] == "arn:aws:lambda:eu-central-1:123456789012:function:acme-compactor"
    error_message = "trust names its source"
  }
  assert {
    condition     = jsondecode(aws_sqs_queue.dead_letters.policy).Statement[0].Sid == "TlsOnly"
    error_message = "the queue takes TLS only"
  }
}

run "every_choice" {
  command = plan
  module { source = "./modules/compactor" }

  variables {
    architecture       = "x86_64"
    memory_mb          = 3008
    timeout_seconds    = 300
    target_file_mb     = 64
    kms_key_arn        = "arn:aws:kms:eu-central-1:123456789012:key/k"
    schedule           = { expression = "cron(0 6 * * ? *)", timezone = "Europe/Berlin", window_minutes = 15 }
    tls_only           = false
    log_retention_days = 7
  }

  assert {
    condition     = aws_lambda_function.compactor.memory_size == 3008 && aws_lambda_function.compactor.timeout == 300 && aws_lambda_function.compactor.architectures[0] == "x86_64" && aws_lambda_function.compactor.environment[0].variables["OCTOLAKE_TARGET_FILE_BYTES"] == "67108864"
    error_message = "the function's settings"
  }
  assert {
    condition     = aws_scheduler_schedule.compactor.schedule_expression == "cron(0 6 * * ? *)" && aws_scheduler_schedule.compactor.schedule_expression_timezone == "Europe/Berlin" && aws_scheduler_schedule.compactor.flexible_time_window[0].mode == "FLEXIBLE" && aws_scheduler_schedule.compactor.flexible_time_window[0].maximum_window_in_minutes == 15
    error_message = "the schedule, its zone and window"
  }
  assert {
    condition     = contains(flatten([for statement in jsondecode(aws_iam_role_policy.compactor.policy).Statement : statement.Action]), "kms:Decrypt") && !can(jsondecode(aws_sqs_queue.dead_letters.policy)) && aws_cloudwatch_log_group.compactor.retention_in_days == 7
    error_message = "key, emulation and retention"
  }
}

run "a_zip_that_was_not_built" {
  command = plan
  module { source = "./modules/compactor" }

  variables {
    zip = "no-such-folder/bootstrap.zip"
  }

  expect_failures = [aws_lambda_function.compactor]
}
