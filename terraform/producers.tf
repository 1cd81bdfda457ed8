# The second door, for producers that can't sign as GitHub does; there is none by default.

variable "producers_door" {
  description = "A second door, for producers that can't sign: an HTTP API that puts their events on the bus, with 'source' as what every one of them has there. Who may send: holders of a token of 'jwt' (an issuer and its audience, and scopes of which one is needed), or with iam = true whoever IAM allows execute-api:Invoke. 'throttle' is requests a second and burst, and takes its share of what Firehose takes. Null: no such door."
  type        = object({ source = string, jwt = optional(object({ issuer = string, audience = list(string), scopes = optional(list(string), []) })), iam = optional(bool, false), throttle = optional(object({ rate = optional(number, 10), burst = optional(number, 100) }), {}) })
  default     = null

  validation {
    condition     = var.producers_door == null ? true : (var.producers_door.jwt != null) != var.producers_door.iam
    error_message = "producers_door needs one of jwt = { issuer, audience } and iam = true: without either, anybody could write into the lake, and a route of an HTTP API has one authorizer."
  }

  validation {
    condition     = var.producers_door == null ? true : can(regex("^[a-z][a-z0-9-]{1,61}[a-z0-9]$", var.producers_door.source))
    error_message = "producers_door.source must be a name without a dot, of 3 to 63 characters of a-z, 0-9 and '-', such as deploy-tools: the hosts that GitHub delivers from have dots, and what is unsigned must not pass for one."
  }

  validation {
    condition     = try(var.producers_door.jwt, null) == null ? true : can(regex("^https://[A-Za-z0-9.-]+(:[0-9]+)?(/[^?#[:space:]]*)?$", var.producers_door.jwt.issuer))
    error_message = "producers_door.jwt.issuer must be the https:// address that tokens name as iss, such as https://cognito-idp.<region>.amazonaws.com/<pool>; API Gateway reads <issuer>/.well-known/openid-configuration."
  }

  # A JWT authorizer looks at issuer, audience, times and scope, and at no other claim.
  validation {
    condition     = !contains(["https://token.actions.githubusercontent.com", "https://gitlab.com", "https://accounts.google.com"], try(trimsuffix(var.producers_door.jwt.issuer, "/"), ""))
    error_message = "producers_door.jwt.issuer gives everybody in the world a token, for any audience that he asks for. Use iam = true, and let your workflows take on a role that trusts them and nobody else."
  }

  validation {
    condition     = try(var.producers_door.jwt, null) == null ? true : length(var.producers_door.jwt.audience) > 0 && alltrue([for text in concat(var.producers_door.jwt.audience, var.producers_door.jwt.scopes) : length(trimspace(text)) > 0])
    error_message = "producers_door.jwt.audience needs at least one text, and neither it nor scopes an empty one: a token for somebody else must not open this door."
  }

  validation {
    condition     = var.producers_door == null ? true : var.producers_door.throttle.rate >= 1 && var.producers_door.throttle.rate <= 10000 && var.producers_door.throttle.burst >= 1 && var.producers_door.throttle.burst <= 5000
    error_message = "producers_door.throttle needs a rate of 1 to 10000 requests per second and a burst of 1 to 5000: those are the quotas of an account by default."
  }
}

module "producers" {
  source = "./modules/producers"
  count  = var.producers_door == null ? 0 : 1

  name               = var.name
  where              = local.where
  door               = var.producers_door
  event_bus          = { name = module.bus.name, arn = module.bus.arn }
  log_retention_days = var.log_retention_days
  tags               = local.tags

  role_path                 = var.role_path
  role_permissions_boundary = var.role_permissions_boundary
  log_kms_key_arn           = var.log_kms_key_arn
}

output "producers_door" {
  description = "The second door: url to which producers append an event's type, invoke_arn for IAM's execute-api:Invoke, api_id, role_arn, log_group_name; null without one."
  value       = one(module.producers)
}
