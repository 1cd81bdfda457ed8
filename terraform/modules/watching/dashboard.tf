# One page, left to right as the data flows: door, bus, raw zone, compactor.

locals {
  ingest    = { FunctionName = var.ingest_function_name }
  compactor = { FunctionName = var.compactor_function }
  stream    = { DeliveryStreamName = var.delivery_stream_name }

  # title → metrics: [namespace, metric, dimensions, statistic]
  charts = [
    ["Deliveries and failures at the door", [
      ["AWS/Lambda", "Invocations", local.ingest, "Sum"],
      ["AWS/Lambda", "Errors", local.ingest, "Sum"],
      ["AWS/Lambda", "Throttles", local.ingest, "Sum"],
      [local.alarms["door-5xx"].namespace, local.alarms["door-5xx"].metric, local.alarms["door-5xx"].dimensions, "Sum"],
    ]],
    ["Answer time (ms)", [
      ["AWS/Lambda", "Duration", local.ingest, "p50"],
      ["AWS/Lambda", "Duration", local.ingest, "p99"],
      ["AWS/Lambda", "Duration", local.ingest, "Maximum"],
    ]],
    ["Bus to Firehose", [
      ["AWS/Events", "MatchedEvents", local.rule, "Sum"],
      ["AWS/Events", "Invocations", local.rule, "Sum"],
      ["AWS/Events", "FailedInvocations", local.rule, "Sum"],
      ["AWS/Events", "InvocationsSentToDlq", local.rule, "Sum"],
    ]],
    ["Raw zone", [
      ["AWS/Firehose", "DeliveryToS3.Records", local.stream, "Sum"],
      ["AWS/Firehose", "DeliveryToS3.DataFreshness", local.stream, "Maximum"],
    ]],
    ["Compactor: rows", [
      for metric in ["rows", "duplicates", "quarantined"] : ["octolake", metric, local.reported.dimensions, "Sum"]
    ]],
    ["Compactor: files of the table", [
      ["octolake", "files", local.reported.dimensions, "Maximum"], # a gauge: sums of it mean nothing
    ]],
    ["Compactor: backlog and time (s)", [
      ["octolake", "backlog_age_seconds", local.reported.dimensions, "Maximum"],
      ["octolake", "seconds", local.reported.dimensions, "Maximum"],
    ]],
    ["Compactor: runs", [
      ["AWS/Lambda", "Invocations", local.compactor, "Sum"],
      ["AWS/Lambda", "Errors", local.compactor, "Sum"],
    ]],
    ["Dead letters", [
      for queue in values(var.dead_letter_queues) : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", { QueueName = queue }, "Maximum"]
    ]],
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = concat([{
      type       = "alarm", x = 0, y = 0, width = 24, height = 3
      properties = { title = "Alarms", alarms = [for alarm in concat(values(aws_cloudwatch_metric_alarm.this), values(aws_cloudwatch_metric_alarm.compared)) : alarm.arn] }
      }], [
      for index, chart in local.charts : {
        type = "metric", x = 12 * (index % 2), y = 3 + 6 * floor(index / 2), width = 12, height = 6
        properties = {
          title  = chart[0]
          region = var.where.region
          period = 300
          metrics = [
            for metric in chart[1] : concat(
              [metric[0], metric[1]],
              flatten([for name, value in metric[2] : [name, value]]),
              [{ stat = metric[3] }],
            )
          ]
        }
      }
    ])
  })
}
