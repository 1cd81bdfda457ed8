# Alarms: each names a loss, or what turns into one within a day.

locals {
  by_url = var.front_door == "function-url"
  # Metrics of a rule on the default bus have no dimension for the bus.
  rule = merge({ RuleName = var.deliveries_rule_name }, var.event_bus_name == "default" ? {} : { EventBusName = var.event_bus_name })
  # What the compactor reports, in CloudWatch's embedded metric format.
  reported = { namespace = "octolake", dimensions = { function = var.compactor_function } }

  alarms = merge({
    door-5xx = {
      description = "The door answered 5xx: GitHub does not retry. Redeliver from the hook's page, see terraform/START.md."
      namespace   = local.by_url ? "AWS/Lambda" : "AWS/ApiGateway"
      metric      = local.by_url ? "Url5xxCount" : "5xx"
      dimensions  = local.by_url ? tomap({ FunctionName = var.ingest_function_name }) : tomap({ ApiId = var.api_id })
    }
    door-throttled = {
      description = "Deliveries were refused for lack of concurrency: raise reserved_concurrency or the account's quota, then redeliver."
      namespace   = "AWS/Lambda"
      metric      = "Throttles"
      dimensions  = { FunctionName = var.ingest_function_name }
    }
    dead-letters-refused = {
      description = "An event could be neither delivered nor put into the dead-letter queue, and is lost: redeliver from the hook's page. Its policy, its key and dead_letter_max_bytes are what refuses."
      namespace   = "AWS/Events"
      metric      = "InvocationsFailedToBeSentToDlq"
      dimensions  = local.rule
    }
    firehose-behind = {
      description = "Firehose has held an event for too long: read its log group. It retries for 24 hours, and no longer."
      namespace   = "AWS/Firehose"
      metric      = "DeliveryToS3.DataFreshness"
      dimensions  = { DeliveryStreamName = var.delivery_stream_name }
      statistic   = "Maximum"
      threshold   = var.buffer_seconds + 900
    }
    compactor-failed = {
      description = "The compactor failed: read its log. Nothing is lost while the raw zone fills."
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      dimensions  = { FunctionName = var.compactor_function }
    }
    compactor-silent = {
      description  = "The compactor has not run for hours: is its schedule there and enabled? A new stack is quiet from its first run on."
      namespace    = "AWS/Lambda"
      metric       = "Invocations"
      dimensions   = { FunctionName = var.compactor_function }
      comparison   = "LessThanThreshold"
      threshold    = 1
      period       = var.backlog_alarm_hours * 3600
      missing_data = "breaching"
    }
    backlog-old = merge(local.reported, {
      description = "An event has waited for hours to get into the table: runs are too few or too short for what arrives."
      metric      = "backlog_age_seconds"
      statistic   = "Maximum"
      threshold   = var.backlog_alarm_hours * 3600
      period      = 3600
    })
    quarantined = merge(local.reported, {
      description = "Records could not be read: look below quarantine/ in the lake for what they are and why (docs/operations.md). Nothing is lost."
      metric      = "quarantined"
    })
    }, {
    for of, queue in var.dead_letter_queues : "dead-letters-${of}" => {
      description = "Something could not be delivered (${of}): look into the queue ${queue}. It keeps messages for 14 days."
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = queue }
      statistic   = "Maximum"
    }
    }, {
    for what, metric in var.counted : "door-${what}" => {
      description = {
        unauthorized = "Deliveries were signed with another secret than the function has: enter the stack's at GitHub, then redeliver from the hook's page."
        too-large    = "Deliveries were larger than the door takes (Lambda: 6 MB with its encoding), and are lost to the lake: read them by GitHub's API from the hook's page."
      }[what]
      namespace  = metric.namespace
      metric     = metric.name
      dimensions = {}
    } if contains(["unauthorized", "too-large"], what)
    }, {
    for key, rule in var.route_rules : "dead-letters-refused-route-${key}" => {
      description = "An event of the route ${key} could be neither delivered nor put into the route's dead-letter queue, and is lost to its target (the lake has it): replay it to this route. The queue's policy, its key and dead_letter_max_bytes are what refuses."
      namespace   = "AWS/Events"
      metric      = "InvocationsFailedToBeSentToDlq"
      dimensions  = merge(local.rule, { RuleName = rule })
    }
    }, {
    for key, rule in var.watched_rules : "route-${key}" => {
      description = "An event of the route ${key} came: that is what it is watched for (alarm = true)."
      namespace   = "AWS/Events"
      metric      = "MatchedEvents"
      dimensions  = merge(local.rule, { RuleName = rule })
    }
    }, var.quiet_alarm_days == 0 ? {} : { for door in ["door-quiet"] : door => {
      description  = "No request for days: is the hook active, with the stack's URL? GitHub disables none by itself, but people do. A new stack is quiet until its hook is there."
      namespace    = "AWS/Lambda"
      metric       = "Invocations"
      dimensions   = { FunctionName = var.ingest_function_name }
      comparison   = "LessThanThreshold"
      threshold    = 1
      period       = 86400
      periods      = var.quiet_alarm_days
      missing_data = "breaching"
    } }, {
    for metric in var.limited_metric[*] : "door-limited" => {
      description = "The HTTP API refused deliveries with 429: raise throttle, then redeliver from the hook's page."
      namespace   = metric.namespace
      metric      = metric.name
      dimensions  = {}
    }
    }, {
    for door in var.producers[*] : "producers-5xx" => {
      description = "The second door answered 5xx: the bus could not be reached, and producers have to send again. The access log says who sent what, and why it failed (error)."
      namespace   = "AWS/ApiGateway"
      metric      = "5xx"
      dimensions  = { ApiId = door.api_id }
    }
    }, {
    for door in var.producers[*] : "producers-refused" => {
      description = "The second door refused events: a token or signature that is not let in (401, 403), a body that is too large (400, 413), over the throttle (429). The access log says who sent what, and why (refused)."
      namespace   = door.refused_metric.namespace
      metric      = door.refused_metric.name
      dimensions  = {}
    }
  })
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = try(each.value.statistic, "Sum")
  comparison_operator = try(each.value.comparison, "GreaterThanThreshold")
  threshold           = try(each.value.threshold, 0)
  period              = try(each.value.period, 300)
  evaluation_periods  = try(each.value.periods, 1)
  treat_missing_data  = try(each.value.missing_data, "notBreaching")
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_ends_too ? var.alarm_topic_arns : []
  tags                = var.tags
}
