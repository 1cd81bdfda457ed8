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
  value       = try({ for key, route in local.read.routes : key => route if can(keys(local.read.routes)) }, {})
}

output "origin" {
  description = "Where those are written, for errors."
  value       = "${local.name}: routes"
}
