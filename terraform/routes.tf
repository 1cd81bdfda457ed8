# The hot stream: routes from the bus to whoever acts on events, beside the lake and apart from it.

locals {
  # log_events is a route like any other, by a shorter name.
  routes = merge(
    { for key in ["log"] : key => { description = "Every delivery to a log group", target = { type = "log_group", name = "/aws/events/${var.name}" } } if var.log_events },
    module.config.routes,
    var.routes,
  )
  made          = { for key, made in module.routes.routes : key => made if made != null }
  route_queues  = { for key in keys(local.routes) : "route-${key}" => "${var.name}-route-${key}-dead-letters" }
  route_rules   = { for key in keys(local.routes) : key => "${var.name}-route-${key}" }
  watched_rules = { for key, route in local.routes : key => "${var.name}-route-${key}" if try(tobool(route.alarm), false) }
}

module "routes" {
  source = "./modules/routes"

  name                  = var.name
  where                 = local.where
  routes                = local.routes
  origins               = { for key in keys(module.config.routes) : key => module.config.origin }
  bus                   = { name = module.bus.name, arn = module.bus.arn, pattern = module.bus.deliveries_pattern }
  dead_letter_max_bytes = var.dead_letter_max_bytes
  kms_key_arn           = var.kms_key_arn
  queue_kms_key_arn     = contains(var.kms_key_parts, "queues") ? var.kms_key_arn : null
  log_kms_key_arn       = var.log_kms_key_arn
  log_retention_days    = var.log_retention_days
  tls_only              = var.tls_only
  tags                  = local.tags

  role_path                 = var.role_path
  role_permissions_boundary = var.role_permissions_boundary
}

# Before there were routes, log_events made its own rule: what it has logged stays.
moved {
  from = module.bus.aws_cloudwatch_log_group.events[0]
  to   = module.routes.module.route["log"].aws_cloudwatch_log_group.this[0]
}

moved {
  from = module.bus.aws_cloudwatch_log_resource_policy.events[0]
  to   = module.routes.aws_cloudwatch_log_resource_policy.events[0]
}
