# One step down a pattern, for Terraform has no recursion: the members of each object among the nodes.
# A node is its path and its JSON, since the values of one list must be of one type.

variable "nodes" {
  description = "The nodes of the level above."
  type        = list(object({ path = string, json = string }))
}

locals {
  members = flatten([for node in var.nodes : [
    for key, value in jsondecode(node.json) : { path = "${node.path}.${key}", json = jsonencode(value), is_or = key == "$or" }
  ] if startswith(node.json, "{")])
}

output "nodes" {
  description = "The nodes of this level; of $or, the patterns that it lists."
  value = flatten([for member in local.members : member.is_or
    ? [for i, json in [for one in jsondecode(startswith(member.json, "[") ? member.json : "[]") : jsonencode(one)] : { path = "${member.path}[${i}]", json = json }]
    : [{ path = member.path, json = member.json }]
  ])
}
