# A stack that is said in one file, octolake.yaml, for people who want nothing else. 'lakequery aws init'
# writes one with every key and its default.

module "octolake" {
  source = "../.."

  name        = var.name
  config_file = "${path.module}/octolake.yaml"
}

output "webhook_url" {
  description = "Enter this at GitHub as payload URL."
  value       = module.octolake.webhook_url
}

output "routes" {
  description = "Each route's rule, target and dead-letter queue."
  value       = module.octolake.routes
}
