# A reaction without code: a repository that is created without a licence gets an issue that says so, and
# somebody is told.

module "octolake" {
  source = "../.."

  name     = var.name
  tls_only = var.tls_only

  role_path                 = var.role_path
  role_permissions_boundary = var.role_permissions_boundary

  routes = {
    unlicensed = merge(local.unlicensed, {
      description = "Opens an issue in a repository that was created without a licence"
      input = {
        paths    = { who = "$.detail.sender.login" }
        template = "{\"title\": \"This repository has no licence\", \"body\": \"@<who>: without one nobody may use it. Add a file LICENSE, or close this with the reason.\"}"
      }
      target = {
        type            = "api_destination"
        url             = "https://${var.api_host}/repos/*/*/issues"
        path_values     = ["$.detail.repository.owner.login", "$.detail.repository.name"]
        headers         = { Accept = "application/vnd.github+json" }
        rate_per_second = 1
        connection_arn  = var.connection_arn
      }
    })
    unlicensed-told = merge(local.unlicensed, {
      input = {
        paths    = { repo = "$.detail.repository.full_name", who = "$.detail.sender.login" }
        template = "\"<who> created <repo> without a licence.\""
      }
      target = { type = "sns" }
    })
  }
}

locals {
  # A fork has the licence of what it was made from.
  unlicensed = {
    events  = ["repository"]
    actions = ["created"]
    pattern = { detail = { repository = { license = [null], fork = [false] } } }
  }
}

output "webhook_url" {
  description = "Enter this at GitHub as payload URL."
  value       = module.octolake.webhook_url
}

output "topic_arn" {
  description = "Subscribe to this topic to be told."
  value       = module.octolake.routes["unlicensed-told"].target_arn
}
