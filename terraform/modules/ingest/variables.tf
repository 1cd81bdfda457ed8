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

variable "reserved_concurrency" {
  description = "Concurrent invocations to reserve; -1 for none."
  type        = number
}

variable "front_door" {
  description = "function-url or http-api."
  type        = string
}

variable "throttle" {
  description = "Requests per second and burst that the HTTP API lets through."
  type        = object({ rate = number, burst = number })
}

variable "event_bus" {
  description = "The bus that takes deliveries."
  type        = object({ name = string, arn = string })
}

variable "bucket_arn" {
  description = "ARN of the lake's bucket, for bodies too large for the bus."
  type        = string
}

variable "lake_url" {
  description = "The lake, as s3://bucket."
  type        = string
}

variable "secret_arns" {
  description = "Secrets Manager secrets that a delivery may be signed with."
  type        = list(string)
}

variable "parameter_arns" {
  description = "SSM parameters that a delivery may be signed with."
  type        = list(string)
}

variable "secret_key_arns" {
  description = "KMS keys of those, where they are neither AWS's own nor kms_key_arn."
  type        = list(string)
}

variable "kms_key_arn" {
  description = "KMS key of the bucket and the secret; null for AWS's own."
  type        = string
}

variable "inline_limit_bytes" {
  description = "Largest entry that goes through the bus whole, in bytes."
  type        = number
}

variable "filters" {
  description = "Event types and repositories to take, and those to ignore."
  type        = object({ events = list(string), ignore_events = list(string), repositories = list(string), ignore_repositories = list(string) })
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
  description = "IAM path of its role."
  type        = string
  default     = "/"
}

variable "role_permissions_boundary" {
  description = "ARN of the policy that bounds its role; null for none."
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

variable "domain" {
  description = "Name of one's own for the HTTP API, and its certificate; null for none."
  type        = object({ name = string, certificate_arn = string })
  default     = null
}

variable "secret_json_key" {
  description = "Where in each secret, a JSON object then, the text is that signs; null where a secret is that text."
  type        = string
  default     = null
}
