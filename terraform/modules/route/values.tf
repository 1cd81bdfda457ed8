# What can be said of a route's values. Where one is not known before the apply, it is said then.

locals {
  arns = {
    log_group       = "^arn:[a-z-]+:logs:[a-z0-9-]+:[0-9]{12}:log-group:[^:*]+(:\\*)?$"
    lambda          = "^arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9$_-]+)?$"
    sqs             = "^arn:[a-z-]+:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+([.]fifo)?$"
    sns             = "^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$"
    firehose        = "^arn:[a-z-]+:firehose:[a-z0-9-]+:[0-9]{12}:deliverystream/[A-Za-z0-9_.-]+$"
    event_bus       = "^arn:[a-z-]+:events:[a-z0-9-]+:[0-9]{12}:event-bus/[A-Za-z0-9_./-]+$"
    api_destination = "^arn:[a-z-]+:events:[a-z0-9-]+:[0-9]{12}:api-destination/[A-Za-z0-9_.-]+/[0-9a-f-]+$"
    dynamodb        = "^arn:[a-z-]+:dynamodb:[a-z0-9-]+:[0-9]{12}:table/[A-Za-z0-9_.-]+$"
    ecs_task        = "^$"
  }
  json_path = "^[$]([.][A-Za-z_][A-Za-z0-9_-]*)+$"
  in_events = "^[$]([.][A-Za-z_][A-Za-z0-9_-]*|\\[[0-9]+\\])*$"
  target    = try(var.route.target, {})
  names     = { sqs = "^[A-Za-z0-9_-]{1,80}$", sns = "^[A-Za-z0-9_-]{1,256}$", dynamodb = "^[A-Za-z0-9_.-]{3,255}$", log_group = "^[A-Za-z0-9_/.#-]{1,512}$" }

  # A bus of this account and region can be looked for; of another, a plan can't say whether it is there.
  bus_name    = try(regex("^arn:[a-z-]+:events:[a-z0-9-]+:[0-9]{12}:event-bus/(.+)$", local.target.arn)[0], null)
  bus_is_here = try(startswith(local.target.arn, "arn:${var.where.partition}:events:${local.here}:"), false)

  parts    = try(length(regexall("\\*", local.target.url)), 0) # of an address, what is filled in
  template = try(tostring(var.route.input.template), "")
  # <variable>, as EventBridge reads a template.
  used = distinct(try(flatten(regexall("<([A-Za-z0-9_.-]+)>", local.template)), []))

  kind_problems = flatten([for at, values in local.values : [
    for key, json in values : "${local.path}${at}.${key}: must be ${local.in_words[local.objects[at].takes[key]]}, and is ${substr(json, 0, 60)}."
    if json != "null" && contains(keys(local.objects[at].takes), key) && !can(regex(local.kinds[try(local.objects[at].takes[key], "anything")], json))
  ]])

  filter_problems = concat(
    [for type in try(local.events, []) : "${local.path}.events: ${type} is no event type; GitHub's names are written as in X-GitHub-Event: workflow_job, pull_request." if !can(regex("^[a-z][a-z0-9_]{0,63}$", type))],
    [for action in try(local.actions, []) : "${local.path}.actions: ${action} is no action; GitHub's are written in small letters, such as queued or review_requested." if !can(regex("^[a-z][a-z0-9_]{0,63}$", action))],
    [for name in try(local.repositories, []) : "${local.path}.repositories: ${name} must be written owner/name, or owner/* for all of an owner." if !can(regex("^[A-Za-z0-9_.-]+/([A-Za-z0-9_.-]+|\\*)$", name))],
    length(local.events) > 0 && can(local.given["detail-type"]) ? ["${local.path}.pattern.detail-type: is what events says already; leave one of them out."] : [],
    length(local.actions) > 0 && can(local.given.detail.action) ? ["${local.path}.pattern.detail.action: is what actions says already; leave one of them out."] : [],
    length(local.repositories) > 0 && can(local.given.detail.repository.full_name) ? ["${local.path}.pattern.detail.repository.full_name: is what repositories says already; leave one of them out."] : [],
  )

  target_problems = concat(
    [for key in ["arn"] : "${local.path}.target.arn: is no ARN of ${local.type}; it looks like ${replace(replace(try(local.examples[local.type], ""), "REGION", var.where.region), "ACCOUNT", var.where.account_id)}." if local.has_type && can(local.target[key]) && try(local.target[key] != null && !can(regex(local.arns[local.type], local.target[key])), false)],
    [for key in ["name", "retention_days", "visibility_seconds", "retention_seconds", "url", "connection_arn", "method", "rate_per_second"] : "${local.path}.target.${key}: is for what the route makes, and arn names what is there; leave one of them out." if can(local.target.arn) && can(local.target[key])],
    [for type, pattern in local.names : "${local.path}.target.name: ${try(local.target.name, "")} is no name that ${type} takes: ${pattern}." if type == local.type && can(local.target.name) && !can(regex(pattern, local.target.name))],
    try(!startswith(local.target.url, "https://"), false) ? ["${local.path}.target.url: must begin with https://, which is all that EventBridge calls."] : [],
    can(local.target.url) && local.parts != length(try(tolist(local.target.path_values), [])) ? ["${local.path}.target.path_values: has to have a path for each * of url, which has ${local.parts}: url = \"https://api.example.com/*/x\", path_values = [\"$.detail.action\"]."] : [],
    [for path in try(tolist(local.target.path_values), []) : "${local.path}.target.path_values: ${path} is no path into an event; write $.detail.action." if !can(regex(local.json_path, path))],
    try(!contains(["POST", "GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"], local.target.method), false) ? ["${local.path}.target.method: must be POST, GET, PUT, PATCH, DELETE, HEAD or OPTIONS."] : [],
    try(local.target.rate_per_second < 1 || local.target.rate_per_second > 300, false) ? ["${local.path}.target.rate_per_second: must be 1 to 300."] : [],
    try(endswith(local.target.arn, ".fifo") && !can(local.target.message_group_id), false) ? ["${local.path}.target.message_group_id: is missing; a FIFO queue needs one, and its content-based deduplication switched on."] : [],
    can(local.target.message_group_id) && !try(endswith(local.target.arn, ".fifo"), false) ? ["${local.path}.target.message_group_id: is for a FIFO queue that is there, whose arn ends in .fifo; leave it out."] : [],
    [for path in concat(try(tolist(local.target.key), []), try(tolist(local.target.order), []), try(values(local.target.attributes), [])) : "${local.path}.target: ${path} is no path into an event; write $.detail.release.tag_name." if local.type == "dynamodb" && !can(regex(local.json_path, path))],
    [for key in ["key", "order"] : "${local.path}.target.${key}: is empty; name at least one path, such as $.detail.repository.id." if local.type == "dynamodb" && try(length(local.target[key]) == 0, false)],
    [for name in try(keys(local.target.attributes), []) : "${local.path}.target.attributes.${name}: is the table's own; choose another name." if contains(["key", "order"], name)],
    local.type == "ecs_task" && try(length(local.target.subnet_ids) == 0, false) ? ["${local.path}.target.subnet_ids: is empty; a task on Fargate needs at least one subnet."] : [],
  )

  other_problems = concat(
    [for key in ["template"] : "${local.path}.input: takes one of path, constant and template." if can(var.route.input) && length(setintersection(keys(try(var.route.input, {})), ["path", "constant", "template"])) != 1],
    can(var.route.input.paths) && !can(var.route.input.template) ? ["${local.path}.input.paths: is for a template, and there is none."] : [],
    [for name in local.used : "${local.path}.input.template: <${name}> is in no paths; name its path there: paths = { ${name} = \"$.detail.…\" }." if !contains(concat(try(keys(var.route.input.paths), []), local.predefined), name)],
    [for name, path in try(tomap(var.route.input.paths), {}) : "${local.path}.input.paths.${name}: ${path} is no path into an event; write $.detail.action." if !can(regex(local.in_events, path))],
    can(var.route.input.path) && !can(regex(local.in_events, var.route.input.path)) ? ["${local.path}.input.path: is no path into an event; write $.detail."] : [],
    length(local.template) > 8192 ? ["${local.path}.input.template: has ${length(local.template)} characters, and EventBridge takes 8192."] : [],
    local.type == "log_group" && can(var.route.input) && !(strcontains(local.template, "\"timestamp\"") && strcontains(local.template, "\"message\"")) ? ["${local.path}.input: a log group takes a template with the members \"timestamp\" and \"message\" and nothing else."] : [],
    try(local.retry.hours * 3600 < 60 || local.retry.hours > 24, false) ? ["${local.path}.retry.hours: must be a minute (0.017) to 24: EventBridge tries no longer than a day."] : [],
    try(local.retry.attempts < 0 || local.retry.attempts > 185 || floor(local.retry.attempts) != local.retry.attempts, false) ? ["${local.path}.retry.attempts: must be a whole number from 0 to 185."] : [],
  )
  predefined = ["aws.events.rule-arn", "aws.events.rule-name", "aws.events.event.ingestion-time", "aws.events.event", "aws.events.event.json"]

  examples = {
    log_group       = "arn:aws:logs:REGION:ACCOUNT:log-group:/aws/events/name"
    lambda          = "arn:aws:lambda:REGION:ACCOUNT:function:name"
    sqs             = "arn:aws:sqs:REGION:ACCOUNT:name"
    sns             = "arn:aws:sns:REGION:ACCOUNT:name"
    firehose        = "arn:aws:firehose:REGION:ACCOUNT:deliverystream/name"
    event_bus       = "arn:aws:events:REGION:ACCOUNT:event-bus/name"
    api_destination = "arn:aws:events:REGION:ACCOUNT:api-destination/name/id"
    dynamodb        = "arn:aws:dynamodb:REGION:ACCOUNT:table/name"
    ecs_task        = ""
  }
}
