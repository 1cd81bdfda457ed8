# What most people act on, each a route from the bus to whoever acts: the list to copy from.

module "octolake" {
  source = "../.."

  name             = var.name
  alarm_topic_arns = var.alarm_topic_arns
  tls_only         = var.tls_only

  role_path                 = var.role_path
  role_permissions_boundary = var.role_permissions_boundary

  routes = {
    # Everything, to look at for a while; dear at volume (COST.md).
    everything = {
      target = { type = "log_group", retention_days = 7 }
    }

    # A repository that turns public: told at once, and an alarm until the hour is over.
    public = {
      events = ["public"]
      alarm  = true
      input = {
        paths    = { repo = "$.detail.repository.full_name", who = "$.detail.sender.login" }
        template = "\"<repo> was made public by <who>.\""
      }
      target = { type = "sns" }
    }

    # A new repository, with the whole event, for whoever sets repositories up.
    created = {
      events  = ["repository"]
      actions = ["created"]
      target  = { type = "sns" }
    }

    # A release: told, and kept as the newest of its repository.
    released = {
      events  = ["release"]
      actions = ["published"]
      input = {
        paths    = { repo = "$.detail.repository.full_name", tag = "$.detail.release.tag_name", url = "$.detail.release.html_url" }
        template = "\"<repo> <tag> is out: <url>\""
      }
      target = { type = "sns" }
    }
    releases = {
      events  = ["release"]
      actions = ["published"]
      target = {
        type  = "dynamodb"
        key   = ["$.source", "$.detail.repository.id"]
        order = ["$.detail.release.published_at", "$.detail.release.id"]
        attributes = {
          repository   = "$.detail.repository.full_name"
          tag          = "$.detail.release.tag_name"
          name         = "$.detail.release.name"
          url          = "$.detail.release.html_url"
          author       = "$.detail.release.author.login"
          prerelease   = "$.detail.release.prerelease"
          published_at = "$.detail.release.published_at"
        }
      }
    }

    # Jobs that wait for a runner of one's own: the queue that a runner fleet reads.
    fleet = {
      events  = ["workflow_job"]
      actions = ["queued"]
      pattern = { detail = { workflow_job = { labels = ["self-hosted"] } } }
      input   = { path = "$.detail" }
      target  = { type = "sqs", visibility_seconds = 60, retention_seconds = 86400 }
    }
  }
}

output "webhook_url" {
  description = "Enter this at GitHub as payload URL."
  value       = module.octolake.webhook_url
}

output "routes" {
  description = "Each route's rule, target and dead-letter queue: subscribe to the topics, read the queue and the table."
  value       = module.octolake.routes
}
