variable "name" {
  description = "Name of the stack."
  type        = string
}

variable "where" {
  description = "Partition, region and account of the stack."
  type        = object({ partition = string, region = string, account_id = string })
}

variable "front_door" {
  description = "function-url or http-api: which metrics count the door's failures."
  type        = string
}

variable "api_id" {
  description = "Id of the HTTP API; null behind a function URL."
  type        = string
}

variable "limited_metric" {
  description = "Metric of the requests that the HTTP API's throttling refused; null behind a function URL."
  type        = object({ namespace = string, name = string })
}

variable "counted" {
  description = "Metrics of what the door's logs tell: taken, refused, unauthorized, and too-large behind an HTTP API."
  type        = map(object({ namespace = string, name = string }))
}

variable "producers" {
  description = "The second door: the id of its HTTP API, and the metric of what it refused; null without one."
  type        = object({ api_id = string, refused_metric = object({ namespace = string, name = string }) })
  default     = null
}

variable "quiet_alarm_days" {
  description = "Days without a request after which to alarm; 0 for never."
  type        = number
}

variable "alarm_ends_too" {
  description = "Whether the topics are told when an alarm is over, too."
  type        = bool
}

variable "ingest_function_name" {
  description = "Name of the ingest function."
  type        = string
}

variable "compactor_function" {
  description = "Name of the compactor function."
  type        = string
}

variable "delivery_stream_name" {
  description = "Name of the Firehose stream."
  type        = string
}

variable "buffer_seconds" {
  description = "Seconds that Firehose may hold an event."
  type        = number
}

variable "dead_letter_queues" {
  description = "Names of the dead-letter queues, by what they are of."
  type        = map(string)
}

variable "route_rules" {
  description = "Names of the rules of all routes, by the names of the routes."
  type        = map(string)
  default     = {}
}

variable "watched_rules" {
  description = "Names of the rules whose every match is an alarm, by the names of their routes."
  type        = map(string)
  default     = {}
}

variable "event_bus_name" {
  description = "Name of the bus."
  type        = string
}

variable "deliveries_rule_name" {
  description = "Name of the rule that feeds the raw zone."
  type        = string
}

variable "backlog_alarm_hours" {
  description = "Age in hours of the oldest event not in the table at which to alarm."
  type        = number
}

variable "alarm_topic_arns" {
  description = "SNS topics that are told."
  type        = list(string)
}

variable "tags" {
  description = "Tags for every resource."
  type        = map(string)
}
