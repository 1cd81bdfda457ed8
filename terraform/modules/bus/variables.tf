variable "name" {
  description = "Name of the stack."
  type        = string
}

variable "where" {
  description = "Partition, region and account of the stack."
  type        = object({ partition = string, region = string, account_id = string })
}

variable "existing_bus_name" {
  description = "A bus to use; null to make one."
  type        = string
}

variable "producers_source" {
  description = "Source of events that the lake takes without a delivery in them; null for none. On a bus of its own it takes all."
  type        = string
  default     = null
}

variable "archive_days" {
  description = "Days for which the archive keeps events; 0 for ever, null for no archive."
  type        = number
}

variable "archive_events" {
  description = "Event types that the archive keeps; empty for all."
  type        = list(string)
}

variable "tags" {
  description = "Tags for every resource."
  type        = map(string)
}

variable "kms_key_arn" {
  description = "KMS key of a bus of its own; null for EventBridge's."
  type        = string
  default     = null
}

variable "schemas" {
  description = "Whether there is a registry for schemas, and a discoverer on the bus."
  type        = object({ registry = bool, discoverer = bool })
  default     = { registry = false, discoverer = false }
}
