variable "name" {
  description = "Name of the stack."
  type        = string
  default     = "octolake"
}

variable "alarm_mail" {
  description = "Mail address that is told when an alarm goes off."
  type        = string

  validation {
    condition     = can(regex("^[^@ ]+@[^@ ]+$", var.alarm_mail))
    error_message = "alarm_mail must be a mail address."
  }
}
