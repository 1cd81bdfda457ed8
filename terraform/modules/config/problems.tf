# What is wrong in the file: a sentence for each, with its place and what to do.

locals {
  known = { for section, kinds in local.sections : section => keys(kinds) }
  # Every key that the file has, with those that it may have in that place.
  found = flatten(concat(
    [for key in keys(local.read) : { at = key, key = key, of = keys(local.sections) }],
    [for section, values in local.values : [for key in keys(values) : { at = "${section}.${key}", key = key, of = local.known[section] }] if section != "routes"],
    [for at, values in local.in_objects : [for key in keys(values) : { at = "${at}.${key}", key = key, of = keys(local.objects[at].takes) }]],
  ))
  unknown = [for one in local.found : merge(one, { near = [
    for like in one.of : like if join("", sort(split("", like))) == join("", sort(split("", one.key))) || startswith(like, one.key) || startswith(one.key, like)
  ] }) if !contains(one.of, one.key)]

  object_problems = flatten([for at, values in local.in_objects : concat(
    [for key, json in values : "${local.name}: ${at}.${key}: must be ${local.kinds[local.objects[at].takes[key]][1]}, and is ${substr(json, 0, 60)}." if contains(keys(local.objects[at].takes), key) && !can(regex(local.kinds[try(local.objects[at].takes[key], "object")][0], json))],
    [for key in local.objects[at].needs : "${local.name}: ${at}.${key}: is missing." if !contains(keys(values), key)],
  )])

  problems = concat(
    local.is_there ? [] : ["config_file: there is no file ${coalesce(var.file, "-")}; 'lakequery aws init' writes one. The path is that from the folder where Terraform runs."],
    local.is_yaml ? [] : ["${local.name}: is no YAML; look at the indentation, and put a text with a ':' in quotes."],
    local.is_yaml && local.is_there && !can(keys(yamldecode(local.text))) && try(yamldecode(local.text) != null, false) ? ["${local.name}: must be sections: ${join(", ", keys(local.sections))}."] : [],
    [for one in local.unknown : "${local.name}: ${one.at}: no such key; ${length(one.near) > 0 ? "did you mean ${one.near[0]}?" : "there are ${join(", ", one.of)}."}"],
    [for section in keys(local.sections) : "${local.name}: ${section}: must be an object, and is ${substr(jsonencode(local.read[section]), 0, 60)}." if can(local.read[section]) && !can(keys(local.read[section])) && try(local.read[section] != null, true)],
    flatten([for section, values in local.values : [for key, json in values : "${local.name}: ${section}.${key}: must be ${local.kinds[local.sections[section][key]][1]}, and is ${substr(json, 0, 60)}." if !can(local.sound[key])] if section != "routes" && alltrue([for key in keys(values) : contains(local.known[section], key)])]),
    local.object_problems,
    flatten([for section, values in local.values : [for key in keys(values) : "${local.name}: ${section}.${key}: is said here and by the variable ${lookup(local.twice, key, key)}; leave one of them out." if try(var.given[lookup(local.twice, key, key)] != null, false)] if section != "routes"]),
    [for name in try(keys(local.read.routes), []) : "${local.name}: routes.${name}: is a route here and of the variable routes; give one of them another name." if contains(var.routes, name)],
  )
}
