# What may stand in a file as well as in variables: the file's word where there is no variable's. Both at
# once is an error, for no order of the two would be everybody's.

locals {
  given = {
    front_door               = var.front_door
    domain                   = var.domain
    producers_door           = var.producers_door
    throttle                 = var.throttle
    reserved_concurrency     = var.reserved_concurrency
    inline_limit_bytes       = var.inline_limit_bytes
    webhook_secret_version   = var.webhook_secret_version
    existing_secret_names    = var.existing_secret_names
    existing_secret_arns     = var.existing_secret_arns
    existing_parameter_names = var.existing_parameter_names
    secret_json_key          = var.secret_json_key
    secret_key_arns          = var.secret_key_arns
  }
  in_file = { for key in keys(local.given) : key => try(jsondecode(module.config.says[key]), null) }
  said    = module.settings.settings
}

module "config" {
  source = "./modules/config"

  file   = var.config_file
  given  = local.given
  routes = try(keys(var.routes), [])
}

module "settings" {
  source = "./modules/settings"

  front_door = var.front_door != null ? var.front_door : local.in_file.front_door
  domain     = var.domain != null ? var.domain : local.in_file.domain
  # Not by a condition: its two sides would have to be of one type, and a file leaves members out.
  producers_door           = try([for door in [var.producers_door, local.in_file.producers_door] : door if door != null][0], null)
  throttle                 = var.throttle != null ? var.throttle : local.in_file.throttle
  reserved_concurrency     = var.reserved_concurrency != null ? var.reserved_concurrency : local.in_file.reserved_concurrency
  inline_limit_bytes       = var.inline_limit_bytes != null ? var.inline_limit_bytes : local.in_file.inline_limit_bytes
  webhook_secret_version   = var.webhook_secret_version != null ? var.webhook_secret_version : local.in_file.webhook_secret_version
  existing_secret_names    = var.existing_secret_names != null ? var.existing_secret_names : local.in_file.existing_secret_names
  existing_secret_arns     = var.existing_secret_arns != null ? var.existing_secret_arns : local.in_file.existing_secret_arns
  existing_parameter_names = var.existing_parameter_names != null ? var.existing_parameter_names : local.in_file.existing_parameter_names
  secret_json_key          = var.secret_json_key != null ? var.secret_json_key : local.in_file.secret_json_key
  secret_key_arns          = var.secret_key_arns != null ? var.secret_key_arns : local.in_file.secret_key_arns
  dead_letter_max_bytes    = var.dead_letter_max_bytes
}
