# The least that works: a function URL, a bus and a lake. The zips are where terraform/START.md builds them.

module "octolake" {
  source = "../.."

  name = var.name
}

output "webhook_url" {
  description = "Enter this at GitHub as payload URL."
  value       = module.octolake.webhook_url
}

output "lake_url" {
  description = "lakequery --lake takes this."
  value       = module.octolake.lake_url
}

output "secret_arn" {
  description = "The secret that GitHub needs."
  value       = module.octolake.secret_arn
}

output "octolake" {
  description = "All outputs of the stack."
  value       = module.octolake
}
