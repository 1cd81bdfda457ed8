variable "name" {
  description = "Name of the stack."
  type        = string
}

variable "where" {
  description = "Partition, region and account of the stack."
  type        = object({ partition = string, region = string, account_id = string })
}

variable "secret_version" {
  description = "Raise it to make a new value."
  type        = number
}

variable "existing_names" {
  description = "Names of Secrets Manager secrets to accept instead of one of the stack's own; empty for none."
  type        = list(string)
}

variable "existing_arns" {
  description = "ARNs of Secrets Manager secrets of other accounts to accept, beside those; empty for none."
  type        = list(string)
  default     = []
}

variable "existing_parameter_names" {
  description = "Names of SSM parameters to accept, beside those; empty for none."
  type        = list(string)
}

variable "kms_key_arn" {
  description = "KMS key of the secret; null for Secrets Manager's own."
  type        = string
}

variable "force_destroy" {
  description = "Whether the secret goes at once when it is destroyed."
  type        = bool
}

variable "tags" {
  description = "Tags for every resource."
  type        = map(string)
}
