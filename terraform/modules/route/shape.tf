# What a route may hold. A key that it doesn't know would else be dropped in silence: a route with
# `action` for `actions` would send everything.

locals {
  of_route = {
    description = "text", enabled = "yes or no", alarm = "yes or no"
    events      = "texts", actions = "texts", repositories = "texts", pattern = "object"
    input       = "object", retry = "object", target = "object"
  }
  of_input = { path = "text", constant = "anything", paths = "texts by name", template = "text" }
  of_retry = { hours = "number", attempts = "number" }

  # Each type of target: what it takes.
  of_targets = {
    log_group       = { arn = "text", name = "text", retention_days = "number" }
    lambda          = { arn = "text" }
    sqs             = { arn = "text", name = "text", message_group_id = "text", visibility_seconds = "number", retention_seconds = "number", kms_key_arn = "text" }
    sns             = { arn = "text", name = "text", kms_key_arn = "text" }
    firehose        = { arn = "text" }
    event_bus       = { arn = "text" }
    api_destination = { arn = "text", url = "text", connection_arn = "text", method = "text", rate_per_second = "number", path_values = "texts", headers = "texts by name" }
    dynamodb        = { arn = "text", name = "text", key = "texts", order = "texts", attributes = "texts by name" }
    ecs_task = {
      cluster_arn = "text", task_definition_arn = "text", subnet_ids = "texts", security_group_ids = "texts"
      role_arns   = "texts", assign_public_ip = "yes or no", tasks = "number"
    }
  }
  # … and what it can't do without.
  needed = {
    log_group       = [], lambda = ["arn"], sqs = [], sns = [], firehose = ["arn"], event_bus = ["arn"]
    api_destination = can(var.route.target.arn) ? [] : ["url", "connection_arn"]
    dynamodb        = ["key", "order"]
    ecs_task        = ["cluster_arn", "task_definition_arn", "subnet_ids", "role_arns"]
  }

  # As regular expressions of JSON.
  kinds = {
    text            = "^\""
    number          = "^-?[0-9]"
    "yes or no"     = "^(true|false)$"
    texts           = "^\\[(\"([^\"\\\\]|\\\\.)*\"(,\"([^\"\\\\]|\\\\.)*\")*)?\\]$"
    object          = "^\\{"
    "texts by name" = "^\\{(\"([^\"\\\\]|\\\\.)*\":\"([^\"\\\\]|\\\\.)*\"(,\"([^\"\\\\]|\\\\.)*\":\"([^\"\\\\]|\\\\.)*\")*)?\\}$"
    anything        = "."
  }
  in_words = {
    text            = "a text"
    number          = "a number"
    "yes or no"     = "true or false"
    texts           = "a list of texts"
    object          = "an object"
    "texts by name" = "an object of texts"
    anything        = "anything"
  }

  path = "${var.origin}.${var.key}"
  type = try(tostring(var.route.target.type), "")
  # Each object of a route, with what it may hold.
  objects = {
    ""        = { keys = try(keys(var.route), []), takes = local.of_route }
    ".input"  = { keys = try(keys(var.route.input), []), takes = local.of_input }
    ".retry"  = { keys = try(keys(var.route.retry), []), takes = local.of_retry }
    ".target" = { keys = try(keys(var.route.target), []), takes = merge({ type = "text" }, try(local.of_targets[local.type], {})) }
  }
  values = {
    ""        = try({ for key, value in var.route : key => jsonencode(value) }, {})
    ".input"  = try({ for key, value in var.route.input : key => jsonencode(value) }, {})
    ".retry"  = try({ for key, value in var.route.retry : key => jsonencode(value) }, {})
    ".target" = try({ for key, value in var.route.target : key => jsonencode(value) }, {})
  }

  has_type = contains(keys(local.of_targets), local.type)
  # What can be said from the names of keys alone, which are known also where a value, such as the ARN of
  # a queue that the same apply makes, is not.
  shape_problems = concat(
    can(keys(var.route)) ? [] : ["${local.path}: must be an object with a target."],
    can(regex("^[a-z][a-z0-9-]{0,22}[a-z0-9]$", var.key)) ? [] : ["${local.path}: a route's name is 2 to 24 characters of a-z, 0-9 and '-', begins with a letter and does not end with '-'."],
    can(keys(var.route)) && !can(var.route.target) ? ["${local.path}.target: is missing; it says where events go: { type = \"sqs\" } makes a queue."] : [],
    !can(var.route.target) || local.has_type ? [] : ["${local.path}.target.type: there is no type ${local.type == "" ? "given" : local.type}; there are ${join(", ", keys(local.of_targets))}."],
    flatten([for at, object in local.objects : [
      for key in object.keys : "${local.path}${at}.${key}: no such key; ${local.meant["${at}.${key}"]}" if !contains(keys(object.takes), key) && (at != ".target" || local.has_type)
    ]]),
    [for key in try(local.needed[local.type], []) : "${local.path}.target.${key}: is missing; a target of type ${local.type} needs ${join(", ", local.needed[local.type])}." if !can(var.route.target[key])],
  )
  # The key that has the same letters, or begins as it, or all that there are.
  meant = { for pair in flatten([for at, object in local.objects : [
    for key in object.keys : { at = "${at}.${key}", near = [
      for one in keys(object.takes) : one
      if join("", sort(split("", one))) == join("", sort(split("", key))) || startswith(one, key) || startswith(key, one)
    ], all = keys(object.takes) }
  ]]) : pair.at => length(pair.near) > 0 ? "did you mean ${pair.near[0]}?" : "there are ${join(", ", pair.all)}." }

  is_whole = length(local.shape_problems) == 0
}
