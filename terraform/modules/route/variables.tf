variable "name" {
  description = "Name of the stack."
  type        = string
}

variable "key" {
  description = "Name of the route: the last part of the names of what it makes."
  type        = string
}

variable "origin" {
  description = "Where the route is written, for errors: routes, or octolake.yaml: routes."
  type        = string
  default     = "routes"
}

variable "where" {
  description = "Partition, region and account of the stack."
  type        = object({ partition = string, region = string, account_id = string })
}

variable "route" {
  description = "The route, as the root module's README has it: any, so that this module and not a conversion says which key it does not know."
  type        = any
}

variable "bus" {
  description = "The bus: its name, its ARN, and the pattern, as JSON, of what on it is a delivery."
  type        = object({ name = string, arn = string, pattern = string })
}

variable "dead_letter_max_bytes" {
  description = "Largest message, in bytes, that its dead-letter queue takes."
  type        = number
}

variable "kms_key_arn" {
  description = "KMS key of its table; null for DynamoDB's own."
  type        = string
}

variable "queue_kms_key_arn" {
  description = "KMS key of its queues and its topic, whose policy lets EventBridge use it; null for the services' own."
  type        = string
}

variable "log_kms_key_arn" {
  description = "KMS key of its log group; null for CloudWatch's own."
  type        = string
}

variable "log_retention_days" {
  description = "Days for which its log group keeps events, unless the target says another number."
  type        = number
}

variable "tls_only" {
  description = "Whether its queues and its topic refuse requests without TLS."
  type        = bool
}

variable "role_path" {
  description = "IAM path of its roles."
  type        = string
}

variable "role_permissions_boundary" {
  description = "ARN of the policy that bounds its roles; null for none."
  type        = string
}

variable "tags" {
  description = "Tags for every resource."
  type        = map(string)
}
