variable "path" {
  description = "Where the pattern stands, as its author would find it: routes.fleet.pattern."
  type        = string
}

variable "pattern" {
  description = "An event pattern, as JSON."
  type        = string
}
