output "alarm_names" {
  description = "Names of the alarms, by what they watch."
  value       = { for key, alarm in merge(aws_cloudwatch_metric_alarm.this, aws_cloudwatch_metric_alarm.compared) : key => alarm.alarm_name }
}
