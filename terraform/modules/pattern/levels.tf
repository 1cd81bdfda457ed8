# The pattern's tree, level by level, as deep as GitHub's payloads are.

module "level_1" {
  source = "./level"
  nodes  = [{ path = var.path, json = var.pattern }]
}

module "level_2" {
  source = "./level"
  nodes  = module.level_1.nodes
}

module "level_3" {
  source = "./level"
  nodes  = module.level_2.nodes
}

module "level_4" {
  source = "./level"
  nodes  = module.level_3.nodes
}

module "level_5" {
  source = "./level"
  nodes  = module.level_4.nodes
}

module "level_6" {
  source = "./level"
  nodes  = module.level_5.nodes
}

module "level_7" {
  source = "./level"
  nodes  = module.level_6.nodes
}

module "level_8" {
  source = "./level"
  nodes  = module.level_7.nodes
}

locals {
  nodes = concat(
    [{ path = var.path, json = var.pattern }], module.level_1.nodes, module.level_2.nodes, module.level_3.nodes, module.level_4.nodes,
    module.level_5.nodes, module.level_6.nodes, module.level_7.nodes, module.level_8.nodes,
  )
}
