# For a busy organisation: an HTTP API with throttling and access logs, alarms by mail, and only
# the event types that the reports are made from.

resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26:alarm texts hold no data; CloudWatch can't publish to a topic under AWS's own SNS key
  name = "${var.name}-alarms"
}

resource "aws_sns_topic_subscription" "mail" {
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = var.alarm_mail
}

module "octolake" {
  source = "../.."

  name             = var.name
  front_door       = "http-api"
  throttle         = { rate = 1000, burst = 2000 }
  events           = ["workflow_job", "workflow_run", "pull_request", "pull_request_review", "push", "release", "deployment", "deployment_status", "issues", "check_run"]
  alarm_topic_arns = [aws_sns_topic.alarms.arn]
}

output "webhook_url" {
  description = "Enter this at GitHub as payload URL."
  value       = module.octolake.webhook_url
}
