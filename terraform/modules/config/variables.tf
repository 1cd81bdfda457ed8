variable "file" {
  description = "Path of the file; null for none."
  type        = string
}

variable "given" {
  description = "The variables that the file may say in place of, by their names; null where they are not set. Of any type, for they are of many."
  type        = any
}

variable "routes" {
  description = "Names of the routes that the variable routes has."
  type        = list(string)
}
