variable "name" {
  description = "Name of the stack."
  type        = string
  default     = "octolake"
}

variable "bus_name" {
  description = "The bus, which has to be there: 'default' is in every account."
  type        = string
  default     = "default"
}
