variable "name" {
  description = "Name of the stack."
  type        = string
  default     = "octolake"
}

variable "alarm_topic_arns" {
  description = "SNS topics that are told when an alarm goes off, such as that of a repository made public."
  type        = list(string)
  default     = []
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
