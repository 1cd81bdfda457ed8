variable "name" {
  description = "Name of the stack."
  type        = string
}

variable "where" {
  description = "Partition, region and account of the stack."
  type        = object({ partition = string, region = string, account_id = string })
}

variable "zip" {
  description = "Path of the function's zip."
  type        = string
}

variable "zip_sha256" {
  description = "Sum of the zip, sha256 in base64, where it need not be there for a plan; null: of the file."
  type        = string
  default     = null
}

variable "architecture" {
  description = "Processor that the zip was built for."
  type        = string
}

variable "memory_mb" {
  description = "Memory of the function in MB."
  type        = number
}

variable "timeout_seconds" {
  description = "Time limit of one run in seconds."
  type        = number
}

variable "target_file_mb" {
  description = "Size towards which files are merged, in MB."
  type        = number
}

variable "bucket_arn" {
  description = "ARN of the lake's bucket."
  type        = string
}

variable "lake_url" {
  description = "The lake, as s3://bucket."
  type        = string
}

variable "kms_key_arn" {
  description = "KMS key of the bucket; null for SSE-S3."
  type        = string
}

variable "schedule" {
  description = "When to run: expression, time zone, and minutes by which a run may be late."
  type        = object({ expression = string, timezone = string, window_minutes = number })
}

variable "tls_only" {
  description = "Whether requests without TLS are refused."
  type        = bool
}

variable "log_retention_days" {
  description = "Days for which the logs are kept."
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

variable "settings" {
  description = "What both functions share: tracing, network, level and key of the logs."
  type = object({
    tracing         = optional(bool, false)
    vpc             = optional(object({ subnet_ids = list(string), security_group_ids = list(string) }))
    log_level       = optional(string, "INFO")
    log_kms_key_arn = optional(string)
  })
  default = {}
}

variable "code" {
  description = "Where in S3 the function's zip is, instead of in zip, and its sha256 in base64; null for zip."
  type        = object({ bucket = string, key = string, object_version = optional(string), sha256 = string })
  default     = null
}

variable "queue_kms_key_arn" {
  description = "KMS key of its queues, whose policy lets the services that send use it; null for SQS's own."
  type        = string
  default     = null
}
