# On a bus that other producers use too: the lake takes only octolake's deliveries from it.

module "octolake" {
  source = "../.."

  name              = var.name
  existing_bus_name = var.bus_name
}

output "webhook_url" {
  description = "Enter this at GitHub as payload URL."
  value       = module.octolake.webhook_url
}
