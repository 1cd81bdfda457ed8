output "routes" {
  description = "Of each route by name: its rule, its target and its dead-letter queue."
  value       = { for key, route in module.route : key => route.made }
}

output "role_arns" {
  description = "ARNs of the routes' roles, by route."
  value       = { for key, route in module.route : key => route.role_arns }
}
