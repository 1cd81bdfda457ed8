variable "name" {
  description = "Name of the stack."
  type        = string
}

variable "where" {
  description = "Partition, region and account of the stack."
  type        = object({ partition = string, region = string, account_id = string })
}

variable "door" {
  description = "What its events have as source, who may send (jwt, or else IAM), and how many a second."
  type        = object({ source = string, jwt = optional(object({ issuer = string, audience = list(string), scopes = optional(list(string), []) })), throttle = object({ rate = number, burst = number }) })
}

variable "event_bus" {
  description = "The bus that takes the events."
  type        = object({ name = string, arn = string })
}

variable "log_retention_days" {
  description = "Days for which the access log is kept."
  type        = number
}

variable "tags" {
  description = "Tags for every resource."
  type        = map(string)
}

variable "role_path" {
  description = "IAM path of its role."
  type        = string
  default     = "/"
}

variable "role_permissions_boundary" {
  description = "ARN of the policy that bounds its role; null for none."
  type        = string
  default     = null
}

variable "log_kms_key_arn" {
  description = "KMS key of its access log; null for CloudWatch's own."
  type        = string
  default     = null
}
