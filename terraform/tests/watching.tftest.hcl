mock_provider "aws" {
  override_during = plan
  source          = "./tests/mock"
}

variables {
  name                 = "acme"
  where                = { partition = "aws", region = "eu-central-1", account_id = "123456789012" }
  front_door           = "function-url"
  api_id               = null
  limited_metric       = null
  ingest_function_name = "acme-ingest"
  quiet_alarm_days     = 3
  alarm_ends_too       = false
  counted = {
    taken        = { namespace = "octolake/door", name = "acme-ingest-taken" }
    refused      = { namespace = "octolake/door", name = "acme-ingest-refused" }
    unauthorized = { namespace = "octolake/door", name = "acme-ingest-unauthorized" }
  }
  compactor_function   = "acme-compactor"
  delivery_stream_name = "acme-raw"
  buffer_seconds       = 300
  dead_letter_queues   = { raw = "q1", compactor = "q2" }
  event_bus_name       = "acme"
  deliveries_rule_name = "acme-raw"
  backlog_alarm_hours  = 6
  alarm_topic_arns     = []
  tags                 = {}
}

run "alarms" {
  command = plan
  module { source = "./modules/watching" }

  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.this)) == toset(["door-5xx", "door-throttled", "firehose-behind", "compactor-failed", "compactor-silent", "backlog-old", "quarantined", "dead-letters-raw", "dead-letters-compactor", "dead-letters-refused", "door-unauthorized", "door-quiet"]) && toset(keys(aws_cloudwatch_metric_alarm.compared)) == toset(["rule-silent", "landed-less", "table-stale", "firehose-near-quota", "door-too-large"])
    error_message = "what is watched"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["door-5xx"].metric_name == "Url5xxCount" && aws_cloudwatch_metric_alarm.this["door-5xx"].dimensions["FunctionName"] == "acme-ingest"
    error_message = "a function URL counts its own 5xx"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["firehose-behind"].threshold == 1200 && aws_cloudwatch_metric_alarm.this["backlog-old"].threshold == 21600 && aws_cloudwatch_metric_alarm.this["compactor-silent"].period == 21600
    error_message = "thresholds: the buffer and a quarter of an hour; six hours"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["door-quiet"].period == 86400 && aws_cloudwatch_metric_alarm.this["door-quiet"].evaluation_periods == 3 && aws_cloudwatch_metric_alarm.this["door-quiet"].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.compared["table-stale"].evaluation_periods == 6
    error_message = "three days without a request; six hours without a row"
  }
  assert {
    condition     = toset([for query in aws_cloudwatch_metric_alarm.compared["landed-less"].metric_query : query.id]) == toset(["compared", "taken", "landed"]) && alltrue([for alarm in aws_cloudwatch_metric_alarm.compared : length(alarm.ok_actions) == 0])
    error_message = "taken against landed; nobody is told that an alarm is over"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["compactor-silent"].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.this["door-5xx"].treat_missing_data == "notBreaching"
    error_message = "silence of the compactor is bad, and none of errors"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["quarantined"].namespace == "octolake" && aws_cloudwatch_metric_alarm.this["quarantined"].dimensions["function"] == "acme-compactor" && aws_cloudwatch_metric_alarm.this["quarantined"].threshold == 0
    error_message = "the compactor's own metrics"
  }
  assert {
    condition     = jsonencode(aws_cloudwatch_metric_alarm.this["dead-letters-refused"].dimensions) == jsonencode({ EventBusName = "acme", RuleName = "acme-raw" })
    error_message = "what not even the dead-letter queue took"
  }
  assert {
    condition     = alltrue([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : widget.x + widget.width <= 24]) && length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets) == 10
    error_message = "a dashboard of ten widgets, two in a row"
  }
  assert {
    condition     = jsonencode([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : widget.properties.metrics if widget.properties.title == "Compactor: files of the table"]) == jsonencode([[["octolake", "files", "function", "acme-compactor", { stat = "Maximum" }]]])
    error_message = "the number of files is a gauge, in a chart of its own"
  }
}

run "the_default_bus" {
  command = plan
  module { source = "./modules/watching" }

  variables {
    event_bus_name = "default"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["dead-letters-refused"].metric_name == "InvocationsFailedToBeSentToDlq" && jsonencode(aws_cloudwatch_metric_alarm.this["dead-letters-refused"].dimensions) == jsonencode({ RuleName = "acme-raw" })
    error_message = "a rule of the default bus is counted by its name only"
  }
}

run "every_choice" {
  command = plan
  module { source = "./modules/watching" }

  variables {
    front_door          = "http-api"
    api_id              = "api1"
    limited_metric      = { namespace = "octolake/door", name = "acme-ingest-limited" }
    buffer_seconds      = 60
    backlog_alarm_hours = 2
    alarm_topic_arns    = ["arn:aws:sns:eu-central-1:123456789012:alarms"]
    quiet_alarm_days    = 0
    alarm_ends_too      = true
    route_rules         = { fleet = "acme-route-fleet" }
    producers           = { api_id = "api2", refused_metric = { namespace = "octolake/door", name = "acme-producers-refused" } }
    counted = {
      taken        = { namespace = "octolake/door", name = "acme-ingest-taken" }
      refused      = { namespace = "octolake/door", name = "acme-ingest-refused" }
      unauthorized = { namespace = "octolake/door", name = "acme-ingest-unauthorized" }
      too-large    = { namespace = "octolake/door", name = "acme-ingest-too-large" }
    }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["door-5xx"].namespace == "AWS/ApiGateway" && aws_cloudwatch_metric_alarm.this["door-5xx"].dimensions["ApiId"] == "api1"
    error_message = "an HTTP API counts its 5xx"
  }
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.this) == 16 && aws_cloudwatch_metric_alarm.this["door-too-large"].metric_name == "acme-ingest-too-large" && !can(aws_cloudwatch_metric_alarm.compared["door-too-large"]) && aws_cloudwatch_metric_alarm.this["door-limited"].namespace == "octolake/door" && aws_cloudwatch_metric_alarm.this["door-limited"].metric_name == "acme-ingest-limited" && aws_cloudwatch_metric_alarm.this["door-limited"].threshold == 0 && length(coalesce(aws_cloudwatch_metric_alarm.this["door-limited"].dimensions, {})) == 0
    error_message = "and what its throttling refuses"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["producers-5xx"].dimensions["ApiId"] == "api2" && aws_cloudwatch_metric_alarm.this["producers-5xx"].metric_name == "5xx" && aws_cloudwatch_metric_alarm.this["producers-refused"].metric_name == "acme-producers-refused"
    error_message = "the second door has alarms of its own"
  }
  assert {
    condition     = jsonencode(aws_cloudwatch_metric_alarm.this["dead-letters-refused-route-fleet"].dimensions) == jsonencode({ EventBusName = "acme", RuleName = "acme-route-fleet" }) && aws_cloudwatch_metric_alarm.this["dead-letters-refused-route-fleet"].metric_name == "InvocationsFailedToBeSentToDlq"
    error_message = "and each route one for what its dead-letter queue refused"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["firehose-behind"].threshold == 960 && aws_cloudwatch_metric_alarm.this["backlog-old"].threshold == 7200
    error_message = "thresholds follow the settings"
  }
  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.this), values(aws_cloudwatch_metric_alarm.compared)) : alarm.alarm_actions == toset(["arn:aws:sns:eu-central-1:123456789012:alarms"]) && alarm.ok_actions == alarm.alarm_actions])
    error_message = "the topic is told of every alarm, and of its end"
  }
}
