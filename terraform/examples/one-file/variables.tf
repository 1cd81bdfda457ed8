variable "name" {
  description = "Name of the stack."
  type        = string
  default     = "octolake"
}
