variable "routes" {
  description = "The routes by name, as the root module's README has them."
  type        = any
}

variable "origins" {
  description = "Of routes that are not from the variable routes: where they are written, by name."
  type        = map(string)
  default     = {}
}

variable "name" {
  description = "Name of the stack."
  type        = string
}

variable "where" {
  description = "Partition, region and account of the stack."
  type        = object({ partition = string, region = string, account_id = string })
}

variable "bus" {
  description = "The bus: its name, its ARN, and the pattern, as JSON, of what on it is a delivery."
  type        = object({ name = string, arn = string, pattern = string })
}

variable "dead_letter_max_bytes" {
  description = "Largest message, in bytes, that a dead-letter queue takes."
  type        = number
}

variable "kms_key_arn" {
  description = "KMS key of tables; null for DynamoDB's own."
  type        = string
}

variable "queue_kms_key_arn" {
  description = "KMS key of queues and topics, whose policy lets EventBridge use it; null for the services' own."
  type        = string
}

variable "log_kms_key_arn" {
  description = "KMS key of log groups; null for CloudWatch's own."
  type        = string
}

variable "log_retention_days" {
  description = "Days for which a log group keeps events, unless its target says another number."
  type        = number
}

variable "tls_only" {
  description = "Whether queues and topics refuse requests without TLS."
  type        = bool
}

variable "role_path" {
  description = "IAM path of the roles."
  type        = string
}

variable "role_permissions_boundary" {
  description = "ARN of the policy that bounds the roles; null for none."
  type        = string
}

variable "tags" {
  description = "Tags for every resource."
  type        = map(string)
}
