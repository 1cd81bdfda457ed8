output "made" {
  description = "Of the route: its rule's name and ARN, its target's ARN, and its dead-letter queue's name, URL and ARN. A table's target is the workflow in front of it; the table is beside it."
  value = local.is_whole ? {
    rule_name              = aws_cloudwatch_event_rule.this[0].name
    rule_arn               = aws_cloudwatch_event_rule.this[0].arn
    target_arn             = local.target_arn
    target_url             = one(aws_sqs_queue.this[*].url)
    table_name             = local.is.dynamodb ? local.table_name : null
    dead_letter_queue_name = aws_sqs_queue.dead_letters[0].name
    dead_letter_queue_url  = aws_sqs_queue.dead_letters[0].url
    dead_letter_queue_arn  = aws_sqs_queue.dead_letters[0].arn
  } : null

  precondition {
    condition     = local.is_whole
    error_message = join("\n", local.shape_problems)
  }

  precondition {
    condition     = length(local.kind_problems) == 0
    error_message = join("\n", local.kind_problems)
  }

  precondition {
    condition     = length(concat(local.filter_problems, local.target_problems, local.other_problems)) == 0
    error_message = join("\n", concat(local.filter_problems, local.target_problems, local.other_problems))
  }

  precondition {
    condition     = length(module.pattern.problems) == 0
    error_message = join("\n", module.pattern.problems)
  }

  precondition {
    condition     = !local.is.event_bus || !local.bus_is_here || contains(try(data.aws_cloudwatch_event_buses.target[0].event_buses[*].name, []), coalesce(local.bus_name, "-"))
    error_message = "${local.path}.target.arn: there is no event bus named ${coalesce(local.bus_name, "-")} in this account and region. Create it with 'aws events create-event-bus --name', or correct the name."
  }
}

output "log_group_arn" {
  description = "ARN of the log group that it sends to; null for other targets."
  value       = local.is.log_group ? local.target_arn : null
}

output "rule_arn" {
  description = "ARN of its rule, as it is known before the apply."
  value       = local.rule_arn
}

output "role_arns" {
  description = "ARNs of its roles: of the rule, and of the workflow in front of a table."
  value       = merge({ for arn in aws_iam_role.rule[*].arn : "rule" => arn }, { for arn in aws_iam_role.machine[*].arn : "workflow" => arn })
}
