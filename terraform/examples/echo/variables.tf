variable "name" {
  description = "Name of the stack."
  type        = string
  default     = "octolake"
}

variable "event_type" {
  description = "The GitHub event type to listen to."
  type        = string
  default     = "pull_request"

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,63}$", var.event_type))
    error_message = "event_type must be one of GitHub's own names, such as pull_request."
  }
}

variable "tls_only" {
  description = "Whether the bucket and the queues refuse requests without TLS. False only for emulators, which ignore the policy's condition and would refuse everything."
  type        = bool
  default     = true
}

variable "echo_zip" {
  description = "Path of the echo function's zip (one executable, 'bootstrap'). Default: where cargo lambda leaves it in this repository."
  type        = string
  default     = "../../../target/lambda/echo/bootstrap.zip"

  validation {
    condition     = can(filesha256(var.echo_zip))
    error_message = "echo_zip names no readable file: build the function first, as README.md says, or correct the path."
  }
}

variable "role_path" {
  description = "IAM path of every role, the stack's and the consumer's."
  type        = string
  default     = "/"
}

variable "role_permissions_boundary" {
  description = "ARN of the policy that bounds every role, the stack's and the consumer's; null for none."
  type        = string
  default     = null
}
