# All routes of a stack, and the one thing that they share: the policy that lets EventBridge write into
# log groups. An account has ten of those in a region, so there is one for all routes.

module "route" {
  source   = "../route"
  for_each = var.routes

  name                      = var.name
  key                       = each.key
  origin                    = lookup(var.origins, each.key, "routes")
  where                     = var.where
  route                     = each.value
  bus                       = var.bus
  dead_letter_max_bytes     = var.dead_letter_max_bytes
  kms_key_arn               = var.kms_key_arn
  queue_kms_key_arn         = var.queue_kms_key_arn
  log_kms_key_arn           = var.log_kms_key_arn
  log_retention_days        = var.log_retention_days
  tls_only                  = var.tls_only
  role_path                 = var.role_path
  role_permissions_boundary = var.role_permissions_boundary
  tags                      = var.tags
}

locals {
  logged = [for key, route in var.routes : key if try(route.target.type, "") == "log_group"]
}

resource "aws_cloudwatch_log_resource_policy" "events" {
  count = length(local.logged) == 0 ? 0 : 1

  policy_name = "${var.name}-events"
  policy_document = jsonencode({
    Version = "2012-10-17"
    # The streams below a group are EventBridge's to name.
    Statement = [
      {
        # AWS's guide has no condition here: EventBridge may make a stream without naming a rule.
        # An empty stream is all that comes of it.
        Effect    = "Allow"
        Principal = { Service = ["events.amazonaws.com", "delivery.logs.amazonaws.com"] }
        Action    = ["logs:CreateLogStream"]
        Resource  = [for key in local.logged : "${module.route[key].log_group_arn}:*"]
      },
      {
        Effect    = "Allow"
        Principal = { Service = ["events.amazonaws.com", "delivery.logs.amazonaws.com"] }
        Action    = ["logs:PutLogEvents"]
        Resource  = [for key in local.logged : "${module.route[key].log_group_arn}:*"]
        Condition = { ArnEquals = { "aws:SourceArn" = [for key in local.logged : module.route[key].rule_arn] } }
      },
    ]
  })
}
