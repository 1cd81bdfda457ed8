# The pattern of a route: what its short forms say and what is written out, in one.

locals {
  events       = try(tolist(var.route.events), [])
  actions      = try(tolist(var.route.actions), [])
  repositories = try(tolist(var.route.repositories), [])
  given        = jsondecode(can(keys(var.route.pattern)) ? jsonencode(var.route.pattern) : "{}")
  delivery     = jsondecode(var.bus.pattern) # of a shared bus, what tells a delivery from the events of others

  # GitHub takes names in any case, and so do the stack's own filters.
  full_names = [for name in local.repositories : endswith(name, "/*")
    ? jsonencode({ prefix = { "equals-ignore-case" = trimsuffix(name, "*") } })
    : jsonencode({ "equals-ignore-case" = name })
  ]
  detail = merge(
    try(local.delivery.detail, {}),
    try({ for key, value in local.given.detail : key => value if can(keys(local.given.detail)) }, {}),
    { for key in ["action"] : key => local.actions if length(local.actions) > 0 },
    { for key in ["repository"] : key => merge(try(local.given.detail.repository, {}), { full_name = jsondecode("[${join(",", local.full_names)}]") }) if length(local.repositories) > 0 },
  )
  narrowed = merge(
    { for key, value in local.given : key => value if key != "detail" || !can(keys(value)) || length(value) == 0 },
    { for key in ["detail-type"] : key => local.events if length(local.events) > 0 },
    { for key in ["detail"] : key => local.detail if length(local.detail) > 0 },
  )
}

module "pattern" {
  source = "../pattern"

  path    = "${local.path}.pattern"
  pattern = length(local.narrowed) == 0 ? var.bus.pattern : jsonencode(local.narrowed)
}
