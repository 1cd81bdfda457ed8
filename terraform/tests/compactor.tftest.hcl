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
    condition     = local.environment == { LAKE_URL = "s3://acme-lake", OCTOLAKE_TARGET_FILE_BYTES = "134217728" }
    error_message = "the function's environment is a contract with its code"
  }
  assert {
    condition = jsonencode({ for statement in local.permissions : statement.Sid => [statement.Action, statement.Resource] if !can(statement.Effect) && statement.Sid != "DeadLetters" }) == jsonencode({
      List   = [["s3:ListBucket"], ["arn:aws:s3:::acme-lake"]]
      Read   = [["s3:GetObject"], ["arn:aws:s3:::acme-lake/raw/*", "arn:aws:s3:::acme-lake/large/*", "arn:aws:s3:::acme-lake/events/*", "arn:aws:s3:::acme-lake/quarantine/*", "arn:aws:s3:::acme-lake/projection/*", "arn:aws:s3:::acme-lake/erased/*"]]
      Write  = [["s3:PutObject", "s3:AbortMultipartUpload"], ["arn:aws:s3:::acme-lake/events/*", "arn:aws:s3:::acme-lake/quarantine/*", "arn:aws:s3:::acme-lake/projection/*", "arn:aws:s3:::acme-lake/erased/*"]]
      Vacuum = [["s3:DeleteObject"], ["arn:aws:s3:::acme-lake/events/*", "arn:aws:s3:::acme-lake/projection/*"]]
    })
    error_message = "the compactor may read raw objects, and neither write nor delete them"
  }
  assert {
    condition     = jsonencode([for statement in local.permissions : [statement.Effect, statement.Action, statement.Resource] if can(statement.Effect)]) == jsonencode([["Deny", ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject"], ["arn:aws:s3:::acme-lake/raw/*", "arn:aws:s3:::acme-lake/large/*"]]])
    error_message = "and a policy added later can't change that"
  }
  assert {
    condition     = aws_scheduler_schedule.compactor.schedule_expression == "rate(15 minutes)" && aws_scheduler_schedule.compactor.flexible_time_window[0].mode == "OFF" && aws_scheduler_schedule.compactor.schedule_expression_timezone == "UTC"
    error_message = "every 15 minutes, on time"
  }
  assert {
    condition     = endswith(aws_scheduler_schedule.compactor.target[0].arn, ":function:live") && jsondecode(aws_iam_role_policy.schedule.policy).Statement[0].Resource == ["arn:aws:lambda:eu-central-1:123456789012:function:function:live"] && aws_lambda_function_event_invoke_config.compactor.qualifier == "live"
    error_message = "the schedule runs the alias, may run nothing else, and failures are the alias's"
  }
  assert {
    condition     = aws_scheduler_schedule.compactor.target[0].dead_letter_config[0].arn == aws_sqs_queue.dead_letters.arn && aws_lambda_function_event_invoke_config.compactor.destination_config[0].on_failure[0].destination == aws_sqs_queue.dead_letters.arn
    error_message = "runs that failed are kept, whether they started or not"
  }
  assert {
    condition     = jsondecode(aws_iam_role.schedule.assume_role_policy).Statement[0].Condition.ArnEquals["aws:SourceArn"] == aws_scheduler_schedule_group.compactor.arn
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
    target_file_mb = 64
    kms_key_arn    = "arn:aws:kms:eu-central-1:123456789012:key/k"
    schedule       = { expression = "cron(0 6 * * ? *)", timezone = "Europe/Berlin", window_minutes = 15 }
    tls_only       = false

    role_path                 = "/acme/"
    role_permissions_boundary = "arn:aws:iam::123456789012:policy/acme-boundary"
  }

  assert {
    condition     = aws_iam_role.schedule.path == "/acme/" && aws_iam_role.schedule.permissions_boundary == "arn:aws:iam::123456789012:policy/acme-boundary"
    error_message = "the schedule's role has the path and the boundary"
  }

  assert {
    condition     = local.environment["OCTOLAKE_TARGET_FILE_BYTES"] == "67108864"
    error_message = "the target, in bytes"
  }
  assert {
    condition     = aws_scheduler_schedule.compactor.schedule_expression == "cron(0 6 * * ? *)" && aws_scheduler_schedule.compactor.schedule_expression_timezone == "Europe/Berlin" && aws_scheduler_schedule.compactor.flexible_time_window[0].mode == "FLEXIBLE" && aws_scheduler_schedule.compactor.flexible_time_window[0].maximum_window_in_minutes == 15
    error_message = "the schedule, its zone and window"
  }
  assert {
    condition     = jsonencode([for statement in local.permissions : statement.Resource if contains(statement.Action, "kms:Decrypt")]) == jsonencode([["arn:aws:kms:eu-central-1:123456789012:key/k"]]) && !can(jsondecode(aws_sqs_queue.dead_letters.policy))
    error_message = "the key, and no TLS-only statement for an emulator"
  }
  assert {
    condition     = jsonencode([for statement in local.permissions : statement.Condition if statement.Sid == "Key"]) == jsonencode([{ StringEquals = { "kms:ViaService" = ["s3.eu-central-1.amazonaws.com"] } }])
    error_message = "the key is for the bucket only"
  }
}

run "a_key_for_the_queues" {
  command = plan
  module { source = "./modules/compactor" }

  variables {
    queue_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/q"
  }

  assert {
    condition     = endswith(aws_sqs_queue.dead_letters.kms_master_key_id, "key/q") && length(jsondecode(aws_iam_role_policy.schedule.policy).Statement) == 3
    error_message = "a key of one's own for the queues"
  }
}
