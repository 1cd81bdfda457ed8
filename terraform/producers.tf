# The second door, for producers that can't sign as GitHub does; there is none by default.

variable "producers_door" {
  description = "A second door, for producers that can't sign: an HTTP API that puts their events on the bus, with 'source' as what every one of them has there. Who may send: holders of a token of 'jwt' (an issuer and its audience, and scopes of which one is needed), or with iam = true whoever IAM allows execute-api:Invoke. 'throttle' is requests a second and burst, and takes its share of what Firehose takes. Null: no such door. config_file may say it too."
  type        = object({ source = string, jwt = optional(object({ issuer = string, audience = list(string), scopes = optional(list(string), []) })), iam = optional(bool, false), throttle = optional(object({ rate = optional(number, 10), burst = optional(number, 100) }), {}) })
  default     = null
}

module "producers" {
  source = "./modules/producers"
  count  = local.said.producers_door == null ? 0 : 1

  name               = var.name
  where              = local.where
  door               = local.said.producers_door
  event_bus          = { name = module.bus.name, arn = module.bus.arn }
  log_retention_days = var.log_retention_days
  tags               = local.tags

  role_path                 = var.role_path
  role_permissions_boundary = var.role_permissions_boundary
  log_kms_key_arn           = var.log_kms_key_arn
}

output "producers_door" {
  description = "The second door: url to which producers append an event's type, invoke_arn for IAM's execute-api:Invoke, api_id, role_arn, log_group_name, refused_metric; null without one."
  value       = one(module.producers)
}
