variable "name" {
  description = "Name of the stack."
  type        = string
  default     = "octolake"
}

variable "tls_only" {
  description = "Whether the bucket, the queues and the topics refuse requests without TLS. False only for emulators, which ignore the policy's condition and would refuse everything."
  type        = bool
  default     = true
}

variable "role_path" {
  description = "IAM path of every role."
  type        = string
  default     = "/"
}

variable "role_permissions_boundary" {
  description = "ARN of the policy that bounds every role; null for none."
  type        = string
  default     = null
}

variable "connection_arn" {
  description = "ARN of the EventBridge connection that holds the token for GitHub's API, made as README.md says."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:events:[a-z0-9-]+:[0-9]{12}:connection/.+$", var.connection_arn))
    error_message = "connection_arn must be the ARN of a connection (arn:…:events:<region>:<account>:connection/<name>/<id>), which 'aws events create-connection' prints."
  }
}

variable "api_host" {
  description = "Host of GitHub's API; of an Enterprise Server with its path, such as ghe.example.com/api/v3."
  type        = string
  default     = "api.github.com"
}
