# What the events on the bus look like, as EventBridge can tell: a registry for schemas of one's own, and
# a discoverer, which writes those that it sees into AWS's registry discovered-schemas.

resource "aws_schemas_registry" "own" {
  count = var.schemas.registry ? 1 : 0

  name        = var.name
  description = "Schemas of the events of ${var.name}"
  tags        = var.tags
}

resource "aws_schemas_discoverer" "bus" {
  count = var.schemas.discoverer ? 1 : 0

  source_arn  = local.bus_arn
  description = "Schemas of what comes by ${local.bus_name}"
  tags        = var.tags
}
