# What may stand in a file or in variables, with its defaults and its rules: one place for both. It makes
# nothing.

locals {
  settings = {
    front_door               = var.front_door
    throttle                 = var.throttle
    domain                   = var.domain
    producers_door           = var.producers_door
    reserved_concurrency     = var.reserved_concurrency
    inline_limit_bytes       = var.inline_limit_bytes
    webhook_secret_version   = var.webhook_secret_version
    existing_secret_names    = var.existing_secret_names
    existing_secret_arns     = var.existing_secret_arns
    secret_json_key          = var.secret_json_key
    existing_parameter_names = var.existing_parameter_names
    secret_key_arns          = var.secret_key_arns
  }
}

output "settings" {
  description = "The settings, with their defaults, by the names of the root module's variables."
  value       = local.settings
}
