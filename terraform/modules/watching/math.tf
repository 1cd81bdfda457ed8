# Alarms that hold one count against another: what is lost without an error anywhere.

locals {
  taken   = { namespace = var.counted["taken"].namespace, metric = var.counted["taken"].name, dimensions = {} }
  refused = { namespace = var.counted["refused"].namespace, metric = var.counted["refused"].name, dimensions = {} }

  compared = merge({
    rule-silent = {
      description = "Deliveries were taken and the rule to the raw zone saw none: it is disabled or gone. Enable it; what it missed is in the archive, for a replay."
      expression  = "IF(FILL(taken, 0) > 0 AND FILL(matched, 0) == 0, 1, 0)"
      period      = 3600
      metrics = {
        taken   = local.taken
        matched = { namespace = "AWS/Events", metric = "MatchedEvents", dimensions = local.rule }
      }
    }
    landed-less = {
      # A few that are on their way when the hour ends are no loss.
      description = "Fewer events reached Firehose in an hour than were taken: read the alarms of the dead letters. EventBridge retries for 24 hours."
      expression  = "FILL(taken, 0) * 0.95 - FILL(landed, 0) - 5"
      period      = 3600
      metrics = {
        taken  = local.taken
        landed = { namespace = "AWS/Firehose", metric = "IncomingRecords", dimensions = { DeliveryStreamName = var.delivery_stream_name } }
      }
    }
    table-stale = {
      description = "Deliveries were taken hour after hour and the table got no new row: its newest is older than that. Read the compactor's log."
      expression  = "IF(FILL(taken, 0) > 0 AND FILL(rows, 0) == 0, 1, 0)"
      period      = 3600
      periods     = var.backlog_alarm_hours
      metrics = {
        taken = local.taken
        rows  = { namespace = local.reported.namespace, metric = "rows", dimensions = local.reported.dimensions }
      }
    }
    firehose-near-quota = {
      description = "Firehose took over half of what a stream takes by default in most regions, 1 MiB a second: ask AWS to raise its quota. What it throttles EventBridge tries again for 24 hours."
      expression  = "bytes / 300 / 1048576 * 100 - 50"
      period      = 300
      metrics = {
        bytes = { namespace = "AWS/Firehose", metric = "IncomingBytes", dimensions = { DeliveryStreamName = var.delivery_stream_name } }
      }
    }
    }, { for door in ["door-too-large"] : door => {
      # The URL counts all its 4xx; those that the function gave, and throttles, are known.
      description = "Deliveries were larger than the function URL takes (Lambda: 6 MB with its encoding), and are lost to the lake: read them by GitHub's API from the hook's page."
      expression  = "all - FILL(refused, 0) - FILL(throttled, 0)"
      period      = 3600
      metrics = {
        all       = { namespace = "AWS/Lambda", metric = "Url4xxCount", dimensions = { FunctionName = var.ingest_function_name } }
        refused   = local.refused
        throttled = { namespace = "AWS/Lambda", metric = "Throttles", dimensions = { FunctionName = var.ingest_function_name } }
      }
  } if local.by_url })
}

resource "aws_cloudwatch_metric_alarm" "compared" {
  for_each = local.compared

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = try(each.value.periods, 1)
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_ends_too ? var.alarm_topic_arns : []
  tags                = var.tags

  metric_query {
    id          = "compared"
    expression  = each.value.expression
    label       = each.key
    return_data = true
  }

  dynamic "metric_query" {
    for_each = each.value.metrics

    content {
      id = metric_query.key

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.metric
        dimensions  = metric_query.value.dimensions
        period      = each.value.period
        stat        = "Sum"
      }
    }
  }
}
