variable "name" {
  description = "Name of the stack."
  type        = string
}

variable "where" {
  description = "Partition, region and account of the stack."
  type        = object({ partition = string, region = string, account_id = string })
}

variable "lake_url" {
  description = "The lake, as s3://bucket."
  type        = string
}

variable "kms_key_arn" {
  description = "KMS key for query results; null for SSE-S3."
  type        = string
}

variable "scan_limit_gb" {
  description = "GB that one query may read."
  type        = number
}

variable "raw_since" {
  description = "First day, yyyy/mm/dd, of the table events_raw."
  type        = string
}

variable "glue_columns" {
  description = "Whether Glue has the table's columns, and not only a placeholder."
  type        = bool
  default     = false
}

variable "queries" {
  description = "Folder of SQL files to register as named queries, by their path in it."
  type        = string
}

variable "force_destroy" {
  description = "Whether the workgroup goes with its query history."
  type        = bool
}

variable "tags" {
  description = "Tags for every resource."
  type        = map(string)
}
