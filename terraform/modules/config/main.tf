# One file in place of variables, for people who want nothing else: what it says, and a sentence with the
# place for each key that it may not have. What its values have to be, the variables' own rules say.

locals {
  # Each section, with what it may hold.
  sections = {
    endpoints = { front_door = "text", domain = "object", producers_door = "object" }
    secrets = {
      existing_secret_names = "texts", existing_secret_arns = "texts", existing_parameter_names = "texts"
      secret_json_key       = "text", secret_key_arns = "texts", webhook_secret_version = "number"
    }
    throttles = { rate = "number", burst = "number", reserved_concurrency = "number", inline_limit_bytes = "number" }
    routes    = {} # each name is a route, which modules/route looks at
  }
  # Each object in a section, and each in it: what it may hold, and what it can't do without.
  objects = {
    "endpoints.domain"                  = { takes = { name = "text", certificate_arn = "text" }, needs = ["name", "certificate_arn"] }
    "endpoints.producers_door"          = { takes = { source = "text", jwt = "object", iam = "yes or no", throttle = "object" }, needs = ["source"] }
    "endpoints.producers_door.jwt"      = { takes = { issuer = "text", audience = "texts", scopes = "texts" }, needs = ["issuer", "audience"] }
    "endpoints.producers_door.throttle" = { takes = { rate = "number", burst = "number" }, needs = [] }
  }
  kinds = {
    text        = ["^\"", "a text"]
    number      = ["^-?[0-9]", "a number"]
    "yes or no" = ["^(true|false)$", "true or false"]
    texts       = ["^\\[(\"([^\"\\\\]|\\\\.)*\"(,\"([^\"\\\\]|\\\\.)*\")*)?\\]$", "a list of texts"]
    object      = ["^\\{", "an object"]
  }

  name     = var.file == null ? "" : basename(var.file)
  is_there = var.file == null || try(fileexists(var.file), false)
  text     = var.file != null && local.is_there ? file(var.file) : "{}"
  is_yaml  = can(yamldecode(local.text))
  # A file of comments alone is null; so is a section of them.
  read   = jsondecode(local.is_yaml && can(keys(yamldecode(local.text))) ? jsonencode(yamldecode(local.text)) : "{}")
  values = { for section in keys(local.sections) : section => { for key, value in try(local.read[section], {}) : key => jsonencode(value) if value != null } if can(keys(try(local.read[section], {}))) }
  # Of each object above that the file has: what it says in it. One without a word is there too, unlike null.
  found_objects = {
    "endpoints.domain"                  = try(local.read.endpoints.domain, null)
    "endpoints.producers_door"          = try(local.read.endpoints.producers_door, null)
    "endpoints.producers_door.jwt"      = try(local.read.endpoints.producers_door.jwt, null)
    "endpoints.producers_door.throttle" = try(local.read.endpoints.producers_door.throttle, null)
  }
  in_objects = { for at, object in local.found_objects : at => { for key, value in object : key => jsonencode(value) if value != null } if can(keys(object)) }

  sound = merge([for section, kinds in local.sections : {
    for key, json in try(local.values[section], {}) : key => json if section != "routes" && can(regex(local.kinds[kinds[key]][0], json))
  }]...)
  throttle = merge({ for key in ["rate", "burst"] : key => jsondecode(local.sound[key]) if can(local.sound[key]) })
  says = merge(
    { for key, json in local.sound : key => json if !contains(["rate", "burst", "domain", "producers_door"], key) },
    { for key in ["throttle"] : key => jsonencode(local.throttle) if length(local.throttle) > 0 },
    { for key in ["domain", "producers_door"] : key => local.sound[key] if can(local.sound[key]) && length(local.object_problems) == 0 },
  )
  twice = { for key in ["rate", "burst"] : key => "throttle" }
}
