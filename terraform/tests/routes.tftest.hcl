# What each type of route makes, and what each wrong one is refused for. That events then arrive is in
# tests/aws/test_routes.py; the sentences are in tests/aws/test_plan.py.

mock_provider "aws" {
  override_during = plan
  source          = "./tests/mock"
}

variables {
  name                      = "acme"
  key                       = "one"
  where                     = { partition = "aws", region = "eu-central-1", account_id = "123456789012" }
  bus                       = { name = "acme", arn = "arn:aws:events:eu-central-1:123456789012:event-bus/acme", pattern = "{\"source\":[{\"prefix\":\"\"}]}" }
  dead_letter_max_bytes     = 262144
  kms_key_arn               = null
  queue_kms_key_arn         = null
  log_kms_key_arn           = null
  log_retention_days        = 30
  tls_only                  = true
  role_path                 = "/acme/"
  role_permissions_boundary = "arn:aws:iam::123456789012:policy/acme-boundary"
  tags                      = { team = "a" }
}

run "a_queue" {
  command = plan
  module { source = "./modules/route" }

  variables {
    route = {
      events       = ["pull_request", "push"]
      actions      = ["opened"]
      repositories = ["Acme/web", "other/*"]
      pattern      = { source = ["github.com"], detail = { number = [{ numeric = [">", 5] }], sender = { type = ["User"] } } }
      input        = { paths = { n = "$.detail.number" }, template = "{\"n\": <n>}" }
      retry        = { hours = 2, attempts = 3 }
      target       = { type = "sqs", visibility_seconds = 90, retention_seconds = 600 }
    }
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.this[0].event_pattern) == {
      source        = ["github.com"]
      "detail-type" = ["pull_request", "push"]
      detail = {
        number     = [{ numeric = [">", 5] }]
        sender     = { type = ["User"] }
        action     = ["opened"]
        repository = { full_name = [{ "equals-ignore-case" = "Acme/web" }, { prefix = { "equals-ignore-case" = "other/" } }] }
      }
    }
    error_message = "one pattern of all that a route says"
  }
  assert {
    condition     = strcontains(aws_cloudwatch_event_rule.this[0].event_pattern, "[\">\",5]")
    error_message = "> is one character of a pattern, not six"
  }
  assert {
    condition     = aws_cloudwatch_event_rule.this[0].name == "acme-route-one" && aws_cloudwatch_event_rule.this[0].event_bus_name == "acme" && aws_cloudwatch_event_rule.this[0].state == "ENABLED" && aws_cloudwatch_event_rule.this[0].tags == tomap({ team = "a" })
    error_message = "the rule"
  }
  assert {
    condition     = aws_cloudwatch_event_target.this[0].retry_policy[0].maximum_event_age_in_seconds == 7200 && aws_cloudwatch_event_target.this[0].retry_policy[0].maximum_retry_attempts == 3 && one(aws_cloudwatch_event_target.this[0].input_transformer).input_template == "{\"n\": <n>}" && one(aws_cloudwatch_event_target.this[0].input_transformer).input_paths == tomap({ n = "$.detail.number" })
    error_message = "the target's retries and its input"
  }
  assert {
    condition     = aws_sqs_queue.this[0].name == "acme-route-one" && aws_sqs_queue.this[0].visibility_timeout_seconds == 90 && aws_sqs_queue.this[0].message_retention_seconds == 600 && jsondecode(aws_sqs_queue.this[0].policy).Statement[0].Effect == "Deny"
    error_message = "the queue that it makes, which refuses what comes without TLS"
  }
  assert {
    condition     = aws_sqs_queue.dead_letters[0].name == "acme-route-one-dead-letters" && jsondecode(aws_sqs_queue.dead_letters[0].policy).Statement[0].Condition.ArnEquals["aws:SourceArn"] == "arn:aws:events:eu-central-1:123456789012:rule/acme/acme-route-one" && length(jsondecode(aws_sqs_queue.dead_letters[0].policy).Statement) == 2
    error_message = "a dead-letter queue into which this rule may put, by TLS"
  }
  assert {
    condition     = aws_iam_role.rule[0].path == "/acme/" && aws_iam_role.rule[0].permissions_boundary == "arn:aws:iam::123456789012:policy/acme-boundary" && jsondecode(aws_iam_role.rule[0].assume_role_policy).Statement[0].Condition.ArnEqualsIfExists["aws:SourceArn"] == "arn:aws:events:eu-central-1:123456789012:rule/acme/acme-route-one"
    error_message = "a bounded role for this rule"
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.rule[0].policy).Statement == [{ Effect = "Allow", Action = ["sqs:SendMessage"], Resource = [aws_sqs_queue.this[0].arn] }]
    error_message = "it may send to that queue, and do nothing else"
  }
}

run "everything_of_a_shared_bus" {
  command = plan
  module { source = "./modules/route" }

  variables {
    bus      = { name = "default", arn = "arn:aws:events:eu-central-1:123456789012:event-bus/default", pattern = "{\"detail\":{\"_delivery\":{\"id\":[{\"exists\":true}]}}}" }
    tls_only = false
    route    = { enabled = false, description = "all of it", actions = ["opened"], target = { type = "log_group", retention_days = 3 } }
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this[0].event_pattern) == { detail = { _delivery = { id = [{ exists = true }] }, action = ["opened"] } } && aws_cloudwatch_event_rule.this[0].state == "DISABLED" && aws_cloudwatch_event_rule.this[0].description == "all of it"
    error_message = "of a shared bus deliveries only"
  }
  assert {
    condition     = aws_cloudwatch_log_group.this[0].name == "/aws/events/acme-one" && aws_cloudwatch_log_group.this[0].retention_in_days == 3 && length(aws_iam_role.rule) == 0 && aws_cloudwatch_event_target.this[0].role_arn == null
    error_message = "a log group has no role: EventBridge takes its policy only"
  }
  assert {
    condition     = output.rule_arn == "arn:aws:events:eu-central-1:123456789012:rule/acme-route-one" && length(jsondecode(aws_sqs_queue.dead_letters[0].policy).Statement) == 1
    error_message = "the default bus is not in the ARNs of its rules"
  }
}

run "a_table" {
  command = plan
  module { source = "./modules/route" }

  variables {
    kms_key_arn       = "arn:aws:kms:eu-central-1:123456789012:key/k"
    queue_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/q"
    route             = { target = { type = "dynamodb", key = ["$.detail.repository.id"], order = ["$.detail.release.published_at"], attributes = { tag = "$.detail.release.tag_name" } } }
  }

  assert {
    condition     = aws_dynamodb_table.this[0].name == "acme-route-one" && aws_dynamodb_table.this[0].hash_key == "key" && aws_dynamodb_table.this[0].billing_mode == "PAY_PER_REQUEST" && aws_dynamodb_table.this[0].server_side_encryption[0].kms_key_arn == var.kms_key_arn
    error_message = "the table, under the key"
  }
  assert {
    condition     = jsondecode(aws_sfn_state_machine.keep[0].definition).States.Keep.Arguments.ConditionExpression == "attribute_not_exists(#key) OR #order < :order" && aws_sfn_state_machine.keep[0].type == "EXPRESS"
    error_message = "an item is put where none is there, or an older one"
  }
  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.machine[0].policy).Statement : [statement.Action, statement.Resource]] == [[["dynamodb:PutItem"], ["arn:aws:dynamodb:eu-central-1:123456789012:table/acme-route-one"]], [["sqs:SendMessage"], ["arn:aws:sqs:eu-central-1:123456789012:acme-route-one-dead-letters"]], [["kms:Decrypt", "kms:GenerateDataKey"], ["arn:aws:kms:eu-central-1:123456789012:key/k"]], [["kms:Decrypt", "kms:GenerateDataKey"], ["arn:aws:kms:eu-central-1:123456789012:key/q"]]]
    error_message = "the workflow may put into that table and set aside what it can't put"
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.rule[0].policy).Statement == [{ Effect = "Allow", Action = ["states:StartExecution"], Resource = ["arn:aws:states:eu-central-1:123456789012:stateMachine:acme-route-one"] }]
    error_message = "the rule may start the workflow"
  }
}

run "targets_that_are_there" {
  command = plan
  module { source = "./modules/routes" }

  variables {
    routes = {
      fn     = { target = { type = "lambda", arn = "arn:aws:lambda:eu-central-1:123456789012:function:f" } }
      queue  = { target = { type = "sqs", arn = "arn:aws:sqs:eu-central-1:123456789012:q", kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/o" } }
      fifo   = { target = { type = "sqs", arn = "arn:aws:sqs:eu-central-1:123456789012:q.fifo", message_group_id = "g" } }
      topic  = { target = { type = "sns", arn = "arn:aws:sns:eu-central-1:123456789012:t" } }
      stream = { target = { type = "firehose", arn = "arn:aws:firehose:eu-central-1:123456789012:deliverystream/s" } }
      other  = { target = { type = "event_bus", arn = "arn:aws:events:eu-central-1:210987654321:event-bus/b" } }
      api    = { target = { type = "api_destination", arn = "arn:aws:events:eu-central-1:123456789012:api-destination/d/0a1b" } }
      table  = { target = { type = "dynamodb", arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/t", key = ["$.id"], order = ["$.time"] } }
      task   = { target = { type = "ecs_task", cluster_arn = "arn:aws:ecs:eu-central-1:123456789012:cluster/c", task_definition_arn = "arn:aws:ecs:eu-central-1:123456789012:task-definition/t:1", subnet_ids = ["subnet-1"], role_arns = ["arn:aws:iam::123456789012:role/r"], tasks = 2 } }
      logs   = { target = { type = "log_group", arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/there:*" } }
      made   = { target = { type = "log_group" } }
    }
  }

  assert {
    condition = { for key, made in output.routes : key => made.target_arn if !contains(["table", "made"], key) } == {
      fn     = "arn:aws:lambda:eu-central-1:123456789012:function:f"
      queue  = "arn:aws:sqs:eu-central-1:123456789012:q"
      fifo   = "arn:aws:sqs:eu-central-1:123456789012:q.fifo"
      topic  = "arn:aws:sns:eu-central-1:123456789012:t"
      stream = "arn:aws:firehose:eu-central-1:123456789012:deliverystream/s"
      other  = "arn:aws:events:eu-central-1:210987654321:event-bus/b"
      api    = "arn:aws:events:eu-central-1:123456789012:api-destination/d/0a1b"
      task   = "arn:aws:ecs:eu-central-1:123456789012:cluster/c"
      logs   = "arn:aws:logs:eu-central-1:123456789012:log-group:/there"
    }
    error_message = "each is sent to as it is named"
  }
  assert {
    condition     = output.routes.table.table_name == "t" && output.routes.fn.dead_letter_queue_url == "https://sqs.eu-central-1.amazonaws.com/123456789012/queue"
    error_message = "the table that is there"
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_log_resource_policy.events[0].policy_document).Statement[1].Resource == ["arn:aws:logs:eu-central-1:123456789012:log-group:/there:*", "arn:aws:logs:eu-central-1:123456789012:log-group:group:*"] && jsondecode(aws_cloudwatch_log_resource_policy.events[0].policy_document).Statement[1].Condition.ArnEquals["aws:SourceArn"] == ["arn:aws:events:eu-central-1:123456789012:rule/acme/acme-route-logs", "arn:aws:events:eu-central-1:123456789012:rule/acme/acme-route-made"]
    error_message = "one policy for all log groups: these rules only may write there"
  }
}

run "no_log_group_no_policy" {
  command = plan
  module { source = "./modules/routes" }

  variables {
    routes = {}
  }

  assert {
    condition     = length(aws_cloudwatch_log_resource_policy.events) == 0 && output.routes == {}
    error_message = "nothing for no routes"
  }
}

run "a_topic_and_an_api" {
  command = plan
  module { source = "./modules/routes" }

  variables {
    queue_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/q"
    routes = {
      topic = { target = { type = "sns" } }
      api   = { target = { type = "api_destination", url = "https://example.com/*", path_values = ["$.id"], method = "PUT", rate_per_second = 5, connection_arn = "arn:aws:events:eu-central-1:123456789012:connection/c/1" } }
    }
  }

  assert {
    condition     = output.routes.topic.rule_name == "acme-route-topic" && output.routes.api.rule_name == "acme-route-api" && startswith(output.routes.topic.target_arn, "arn:aws:sns:") && output.role_arns.topic == { rule = "arn:aws:iam::123456789012:role/role" }
    error_message = "both are made"
  }
}

run "a_misspelt_key" {
  command = plan
  module { source = "./modules/route" }

  variables {
    route = { action = ["opened"], target = { type = "sqs" } }
  }

  expect_failures = [output.made]
}

run "an_unknown_type" {
  command = plan
  module { source = "./modules/route" }

  variables {
    route = { target = { type = "kinesis", arn = "arn:aws:kinesis:eu-central-1:123456789012:stream/s" } }
  }

  expect_failures = [output.made]
}

run "a_bad_value" {
  command = plan
  module { source = "./modules/route" }

  variables {
    route = { events = "push", target = { type = "sqs" } }
  }

  expect_failures = [output.made]
}

run "a_bad_pattern" {
  command = plan
  module { source = "./modules/route" }

  variables {
    route = { pattern = { detail = { action = "opened" } }, target = { type = "sqs" } }
  }

  expect_failures = [output.made]
}

run "a_bus_that_is_there" {
  command = plan
  module { source = "./modules/route" }

  variables {
    route = { target = { type = "event_bus", arn = "arn:aws:events:eu-central-1:123456789012:event-bus/shared" } }
  }

  assert {
    condition     = output.made.target_arn == "arn:aws:events:eu-central-1:123456789012:event-bus/shared"
    error_message = "events go to the bus that is there"
  }
}

run "a_bus_that_is_not_there" {
  command = plan
  module { source = "./modules/route" }

  variables {
    route = { target = { type = "event_bus", arn = "arn:aws:events:eu-central-1:123456789012:event-bus/share" } }
  }

  expect_failures = [output.made]
}

run "a_bus_of_another_region_that_nobody_here_can_see" {
  command = plan
  module { source = "./modules/route" }

  variables {
    route = { target = { type = "event_bus", arn = "arn:aws:events:us-east-1:123456789012:event-bus/share" } }
  }

  assert {
    condition     = output.made.target_arn == "arn:aws:events:us-east-1:123456789012:event-bus/share"
    error_message = "it is taken as it is named"
  }
}
