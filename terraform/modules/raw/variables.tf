variable "name" {
  description = "Name of the stack."
  type        = string
}

variable "where" {
  description = "Partition, region and account of the stack."
  type        = object({ partition = string, region = string, account_id = string })
}

variable "bucket_name" {
  description = "Name of the lake's bucket."
  type        = string
}

variable "adopt_bucket" {
  description = "Whether the bucket may have been there before the stack."
  type        = bool
  default     = false
}

variable "event_bus_name" {
  description = "The bus to take deliveries from."
  type        = string
}

variable "event_pattern" {
  description = "Event pattern, as JSON, of what to take from it."
  type        = string
}

variable "kms_key_arn" {
  description = "KMS key of the bucket; null for SSE-S3."
  type        = string
}

variable "buffer" {
  description = "When Firehose closes an object."
  type        = object({ mb = number, seconds = number })
}

variable "cold_after_days" {
  description = "Days after which raw objects get colder; 0 for never."
  type        = number
}

variable "old_version_days" {
  description = "Days for which old versions of objects are kept."
  type        = number
}

variable "force_destroy" {
  description = "Whether a bucket with objects in it may be destroyed."
  type        = bool
}

variable "tls_only" {
  description = "Whether requests without TLS are refused."
  type        = bool
}

variable "dead_letter_max_bytes" {
  description = "Largest message, in bytes, that the dead-letter queue takes: not less than an event with its envelope."
  type        = number
  default     = 262144
}

variable "log_retention_days" {
  description = "Days for which Firehose's error log is kept."
  type        = number
}

variable "tags" {
  description = "Tags for every resource."
  type        = map(string)
}

variable "role_path" {
  description = "IAM path of its roles."
  type        = string
  default     = "/"
}

variable "role_permissions_boundary" {
  description = "ARN of the policy that bounds its roles; null for none."
  type        = string
  default     = null
}

variable "queue_kms_key_arn" {
  description = "KMS key of its queues, whose policy lets the services that send use it; null for SQS's own."
  type        = string
  default     = null
}

variable "log_kms_key_arn" {
  description = "KMS key of its log groups; null for CloudWatch's own."
  type        = string
  default     = null
}
