# Whether EventBridge would take an event pattern, and where not, said before it is asked: PutRule
# answers "Event pattern is not valid" in the middle of an apply, without the place.
#
# The tree is in levels.tf.

locals {
  # What an envelope has: other members match nothing.
  envelope  = ["version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail", "replay-name", "$or"]
  operators = ["prefix", "suffix", "anything-but", "exists", "numeric", "wildcard", "equals-ignore-case", "cidr"]
  # AWS's default quota: it can be raised for a bus, but no account can rely on it.
  most_characters = 2048

  objects = [for node in local.nodes : node if startswith(node.json, "{")]
  leaves  = [for node in local.nodes : node if startswith(node.json, "[")]
  # Of each leaf, what it lists.
  items = flatten([for leaf in local.leaves : [for i, value in [for v in jsondecode(leaf.json) : jsonencode(v)] : { path = "${leaf.path}[${i}]", json = value }]])
  # Of each comparison among them, its operators: there has to be one.
  comparisons = [for item in local.items : merge(item, { operators = keys(jsondecode(item.json)) }) if startswith(item.json, "{")]
  # What each operator is given, as JSON.
  given = [for one in local.comparisons : {
    path     = "${one.path}.${one.operators[0]}"
    operator = one.operators[0]
    json     = jsonencode(jsondecode(one.json)[one.operators[0]])
  } if length(one.operators) == 1 && contains(local.operators, try(one.operators[0], ""))]
}

locals {
  text    = "\"([^\"\\\\]|\\\\.)*\""
  texts   = "(${local.text}|\\[${local.text}(,${local.text})*\\])"
  numbers = "-?[0-9][0-9.eE+-]*"
  compare = "\\[\"(=|<|<=|>|>=)\",${local.numbers}(,\"(<|<=|>|>=)\",${local.numbers})?\\]"
  # What an operator takes, as a regular expression of its JSON, and in words.
  takes = {
    prefix               = ["(${local.text}|\\{\"equals-ignore-case\":${local.text}\\})", "a text, or {equals-ignore-case = text}"]
    suffix               = ["(${local.text}|\\{\"equals-ignore-case\":${local.text}\\})", "a text, or {equals-ignore-case = text}"]
    "equals-ignore-case" = [local.text, "a text"]
    wildcard             = [local.text, "a text, in which * stands for any characters"]
    exists               = ["(true|false)", "true or false"]
    cidr                 = ["\"[0-9a-fA-F.:]+/[0-9]{1,3}\"", "a range of addresses such as 10.0.0.0/24"]
    numeric              = [local.compare, "a comparison such as [\">\", 0] or [\">=\", 0, \"<\", 10]"]
    "anything-but"       = ["(${local.texts}|${local.numbers}|\\[${local.numbers}(,${local.numbers})*\\]|\\{\"(prefix|suffix|equals-ignore-case|wildcard)\":${local.texts}\\})", "texts, numbers, or one of prefix, suffix, equals-ignore-case and wildcard"]
  }

  problems = concat(
    [for key in try(keys(jsondecode(var.pattern)), []) : "${var.path}.${key}: an event has no such member, so nothing would match; it has ${join(", ", slice(local.envelope, 0, 9))}, and the payload is in detail." if !contains(local.envelope, key)],
    [for node in local.objects : "${node.path}: is empty; name at least one member, or leave it out." if node.json == "{}"],
    [for node in local.nodes : "${node.path}: must be a list of what may match, such as [\"value\"] or [{ prefix = \"v\" }], and is ${substr(node.json, 0, 60)}." if can(regex("^[^{\\[]", node.json))],
    [for leaf in local.leaves : "${leaf.path}: is an empty list, which matches nothing; EventBridge refuses it." if leaf.json == "[]"],
    [for node in module.level_8.nodes : "${node.path}: is deeper than eight members, which is deeper than any of GitHub's payloads." if startswith(node.json, "{")],
    [for item in local.items : "${item.path}: a list within a list; write its values into the outer one." if startswith(item.json, "[")],
    [for one in local.comparisons : "${one.path}: takes one operator, and has ${length(one.operators) == 0 ? "none" : join(" and ", one.operators)}; write { ... } for each." if length(one.operators) != 1],
    [for one in local.comparisons : "${one.path}: there is no operator ${try(one.operators[0], "")}; there are ${join(", ", local.operators)}, and $or beside the members." if length(one.operators) == 1 && !contains(local.operators, try(one.operators[0], ""))],
    [for one in local.given : "${one.path}: takes ${local.takes[one.operator][1]}, and is ${substr(one.json, 0, 60)}." if !can(regex("^${local.takes[one.operator][0]}$", replace(replace(one.json, "\\u003c", "<"), "\\u003e", ">")))],
    [for one in local.given : "${one.path}: two * in a row; one is the same." if one.operator == "wildcard" && can(regex("\\*\\*", one.json))],
    [for one in local.given : "${one.path}: is no range of addresses; the number after / is too large, or the address is none." if one.operator == "cidr" && !can(cidrhost(jsondecode(one.json), 0))],
    [for node in local.objects : "${node.path}.$or: must be a list of two or more patterns." if can(jsondecode(node.json)["$or"]) && try(length([for one in jsondecode(node.json)["$or"] : one if startswith(jsonencode(one), "{")]), 0) < 2],
    length(local.compact) <= local.most_characters ? [] : ["${var.path}: has ${length(local.compact)} characters, and EventBridge takes ${local.most_characters}; split the route in two, or match by prefix or wildcard."],
  )
  # jsonencode writes < and > as six characters each.
  compact = replace(replace(replace(var.pattern, "\\u003c", "<"), "\\u003e", ">"), "\\u0026", "&")
}
