# What the door's own log tells, as metrics: CloudWatch counts no statuses of a function. None has a
# default value, so one costs nothing until it counts something.

locals {
  counted = {
    # Signed, but with another secret than ours. Strangers who try the URL send no delivery id.
    unauthorized = "{ ($.status = 401) && ($.delivery = \"*\") }"
    refused      = "{ ($.status >= 400) && ($.status < 500) }"
    taken        = "{ $.taken IS TRUE }"
  }
  # The bodies that the HTTP API refuses reach no function either.
  counted_at_the_api = local.by_url ? {} : { too-large = "{ $.status = \"413\" }" }
}

resource "aws_cloudwatch_log_metric_filter" "counted" {
  for_each = merge(local.counted, local.counted_at_the_api)

  name           = "${local.name}-${each.key}"
  log_group_name = contains(keys(local.counted), each.key) ? module.function.log_group_name : aws_cloudwatch_log_group.access[0].name
  pattern        = each.value

  metric_transformation {
    namespace = local.limited.namespace
    name      = "${local.name}-${each.key}"
    value     = "1"
    unit      = "Count"
  }
}
