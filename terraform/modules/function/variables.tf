variable "name" {
  description = "Name of the function, of its role and of the end of its log group's."
  type        = string
}

variable "description" {
  description = "What the function does, in a sentence."
  type        = string
}

variable "where" {
  description = "Partition, region and account of the stack."
  type        = object({ partition = string, region = string, account_id = string })
}

variable "zip" {
  description = "Path of the function's zip (one executable, 'bootstrap')."
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

variable "reserved_concurrency" {
  description = "Concurrent invocations to reserve; -1 for none."
  type        = number
  default     = -1
}

variable "environment" {
  description = "The function's environment."
  type        = map(string)
}

variable "permissions" {
  description = "Statements of the function's policy, beside the one for its log."
  type = list(object({
    Sid       = string
    Effect    = optional(string, "Allow")
    Action    = list(string)
    Resource  = list(string)
    Condition = optional(map(map(list(string))))
  }))
}

variable "system_log_level" {
  description = "Level from which Lambda's own lines (start, report) are logged."
  type        = string
  default     = "INFO"
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

variable "code" {
  description = "Where in S3 the zip is, instead of in zip, and its sha256 in base64; null for zip."
  type        = object({ bucket = string, key = string, object_version = optional(string), sha256 = string })
  default     = null
}

variable "tracing" {
  description = "Whether X-Ray traces its runs."
  type        = bool
  default     = false
}

variable "vpc" {
  description = "Subnets and security groups to run in; null for none."
  type        = object({ subnet_ids = list(string), security_group_ids = list(string) })
  default     = null
}

variable "log_level" {
  description = "Level from which the function's own lines are logged."
  type        = string
  default     = "INFO"
}

variable "log_kms_key_arn" {
  description = "KMS key of its log group; null for CloudWatch's own."
  type        = string
  default     = null
}
