# One file in place of variables, for people who want nothing else: what it says, and a sentence with the
# place for each key that it may not have. What its values have to be, the variables' own rules say.

locals {
  # Each section, with what it may hold.
  sections = {
    endpoints = { front_door = "text", domain = "object" }
    secrets = {
      existing_secret_names = "texts", existing_secret_arns = "texts", existing_parameter_names = "texts"
      secret_json_key       = "text", secret_key_arns = "texts", webhook_secret_version = "number"
    }
    throttles = { rate = "number", burst = "number", reserved_concurrency = "number", inline_limit_bytes = "number" }
    routes    = {} # each name is a route, which modules/route looks at
  }
  kinds = {
    text   = ["^\"", "a text"]
    number = ["^-?[0-9]", "a number"]
    texts  = ["^\\[(\"([^\"\\\\]|\\\\.)*\"(,\"([^\"\\\\]|\\\\.)*\")*)?\\]$", "a list of texts"]
    object = ["^\\{", "an object"]
  }

  name     = var.file == null ? "" : basename(var.file)
  is_there = var.file == null || try(fileexists(var.file), false)
  text     = var.file != null && local.is_there ? file(var.file) : "{}"
  is_yaml  = can(yamldecode(local.text))
  # A file of comments alone is null; so is a section of them.
  read   = jsondecode(local.is_yaml && can(keys(yamldecode(local.text))) ? jsonencode(yamldecode(local.text)) : "{}")
  values = { for section in keys(local.sections) : section => { for key, value in try(local.read[section], {}) : key => jsonencode(value) if value != null } if can(keys(try(local.read[section], {}))) }
  domain = try({ for key, value in local.read.endpoints.domain : key => jsonencode(value) }, {})

  sound = merge([for section, kinds in local.sections : {
    for key, json in try(local.values[section], {}) : key => json if section != "routes" && can(regex(local.kinds[kinds[key]][0], json))
  }]...)
  throttle = merge({ for key in ["rate", "burst"] : key => jsondecode(local.sound[key]) if can(local.sound[key]) })
  says = merge(
    { for key, json in local.sound : key => json if !contains(["rate", "burst", "domain"], key) },
    { for key in ["throttle"] : key => jsonencode(local.throttle) if length(local.throttle) > 0 },
    { for key in ["domain"] : key => jsonencode(local.read.endpoints.domain) if length(setsubtract(["name", "certificate_arn"], keys(local.domain))) == 0 && length(local.domain) == 2 },
  )
  twice = { for key in ["rate", "burst"] : key => "throttle" }

  known = { for section, kinds in local.sections : section => keys(kinds) }
  # Every key that the file has, with those that it may have in that place.
  found = flatten(concat(
    [for key in keys(local.read) : { at = key, key = key, of = keys(local.sections) }],
    [for section, values in local.values : [for key in keys(values) : { at = "${section}.${key}", key = key, of = local.known[section] }] if section != "routes"],
    [for key in keys(local.domain) : { at = "endpoints.domain.${key}", key = key, of = ["name", "certificate_arn"] }],
  ))
  unknown = [for one in local.found : merge(one, { near = [
    for like in one.of : like if join("", sort(split("", like))) == join("", sort(split("", one.key))) || startswith(like, one.key) || startswith(one.key, like)
  ] }) if !contains(one.of, one.key)]

  problems = concat(
    local.is_there ? [] : ["config_file: there is no file ${coalesce(var.file, "-")}; 'lakequery aws init' writes one. The path is that from the folder where Terraform runs."],
    local.is_yaml ? [] : ["${local.name}: is no YAML; look at the indentation, and put a text with a ':' in quotes."],
    local.is_yaml && local.is_there && !can(keys(yamldecode(local.text))) && try(yamldecode(local.text) != null, false) ? ["${local.name}: must be sections: ${join(", ", keys(local.sections))}."] : [],
    [for one in local.unknown : "${local.name}: ${one.at}: no such key; ${length(one.near) > 0 ? "did you mean ${one.near[0]}?" : "there are ${join(", ", one.of)}."}"],
    [for section in keys(local.sections) : "${local.name}: ${section}: must be an object, and is ${substr(jsonencode(local.read[section]), 0, 60)}." if can(local.read[section]) && !can(keys(local.read[section])) && try(local.read[section] != null, true)],
    flatten([for section, values in local.values : [for key, json in values : "${local.name}: ${section}.${key}: must be ${local.kinds[local.sections[section][key]][1]}, and is ${substr(json, 0, 60)}." if !can(local.sound[key])] if section != "routes" && alltrue([for key in keys(values) : contains(local.known[section], key)])]),
    [for key, json in local.domain : "${local.name}: endpoints.domain.${key}: must be a text, and is ${substr(json, 0, 60)}." if !startswith(json, "\"")],
    can(local.read.endpoints.domain) && length(local.domain) > 0 ? [for key in ["name", "certificate_arn"] : "${local.name}: endpoints.domain.${key}: is missing." if !contains(keys(local.domain), key)] : [],
    flatten([for section, values in local.values : [for key in keys(values) : "${local.name}: ${section}.${key}: is said here and by the variable ${lookup(local.twice, key, key)}; leave one of them out." if try(var.given[lookup(local.twice, key, key)] != null, false)] if section != "routes"]),
    [for name in try(keys(local.read.routes), []) : "${local.name}: routes.${name}: is a route here and of the variable routes; give one of them another name." if contains(var.routes, name)],
  )
}
