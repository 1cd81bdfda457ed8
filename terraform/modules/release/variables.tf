variable "release_version" {
  description = "Name of the release, as its address has it: v1.2.3."
  type        = string
}

variable "url" {
  description = "Address below which releases are: <url>/<release_version>/<file>."
  type        = string
}

variable "architecture" {
  description = "Processor that the zips are for."
  type        = string
}

variable "made_anew" {
  description = "Whatever the functions are made anew for: the zips are fetched again with it, for a folder that has them no more."
  type        = list(string)
  default     = []
}
