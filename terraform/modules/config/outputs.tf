output "says" {
  description = "What the file says in place of variables: JSON by the variable's name."
  value       = local.says

  precondition {
    condition     = length(local.problems) == 0
    error_message = join("\n", local.problems)
  }
}

output "routes" {
  description = "The routes that the file has."
  value       = can(keys(local.read.routes)) ? local.read.routes : jsondecode("{}")
}

output "origin" {
  description = "Where those are written, for errors."
  value       = "${local.name}: routes"
}
