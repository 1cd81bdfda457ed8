# From a webhook to a lake: front door, bus, raw zone, compactor, Athena, and what watches them.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  where = {
    partition  = data.aws_partition.this.partition
    region     = data.aws_region.this.id
    account_id = data.aws_caller_identity.this.account_id
  }
  tags        = merge(var.tags, { "octolake:stack" = var.name })
  bucket_name = coalesce(var.bucket_name, "${var.name}-${local.where.account_id}-${local.where.region}")
  # In a folder beside this file where there is one, so that this folder is enough.
  built = fileexists("${path.module}/functions/ingest/bootstrap.zip") ? "${path.module}/functions" : "${path.module}/../target/lambda"
  settings = {
    tracing         = var.tracing
    vpc             = var.vpc
    log_level       = var.log_level
    log_kms_key_arn = var.log_kms_key_arn
  }
}

module "release" {
  source = "./modules/release"
  count  = var.release_version == null ? 0 : 1

  release_version = var.release_version
  url             = var.release_url
  architecture    = var.architecture
  # A function of another name is made anew, and needs its zip.
  made_anew = [var.name, local.where.region, local.where.account_id]
}

module "secret" {
  source = "./modules/secret"

  name                     = var.name
  where                    = local.where
  secret_version           = local.said.webhook_secret_version
  existing_names           = local.said.existing_secret_names
  existing_arns            = local.said.existing_secret_arns
  existing_parameter_names = local.said.existing_parameter_names
  kms_key_arn              = var.kms_key_arn
  force_destroy            = var.force_destroy
  tags                     = local.tags
}

module "bus" {
  source = "./modules/bus"

  kms_key_arn = contains(var.kms_key_parts, "bus") ? var.kms_key_arn : null

  name              = var.name
  where             = local.where
  existing_bus_name = var.existing_bus_name
  producers_source  = try(local.said.producers_door.source, null)
  archive_days      = var.archive_days
  archive_events    = var.archive_events
  schemas           = var.schemas
  tags              = local.tags
}

module "raw" {
  source = "./modules/raw"

  name               = var.name
  where              = local.where
  bucket_name        = local.bucket_name
  adopt_bucket       = var.adopt_bucket
  event_bus_name     = module.bus.name
  event_pattern      = module.bus.deliveries_pattern
  kms_key_arn        = var.kms_key_arn
  buffer             = var.buffer
  cold_after_days    = var.raw_cold_after_days
  old_version_days   = var.old_version_days
  force_destroy      = var.force_destroy
  tls_only           = var.tls_only
  log_retention_days = var.log_retention_days
  tags               = local.tags

  dead_letter_max_bytes     = var.dead_letter_max_bytes
  queue_kms_key_arn         = contains(var.kms_key_parts, "queues") ? var.kms_key_arn : null
  log_kms_key_arn           = var.log_kms_key_arn
  role_path                 = var.role_path
  role_permissions_boundary = var.role_permissions_boundary
}

module "ingest" {
  source = "./modules/ingest"

  code     = var.code_in_s3 == null ? null : merge({ bucket = var.code_in_s3.bucket }, var.code_in_s3.ingest)
  settings = local.settings
  domain   = local.said.domain

  name                 = var.name
  where                = local.where
  zip                  = try(module.release[0].paths.ingest, coalesce(var.ingest_zip, "${local.built}/ingest/bootstrap.zip"))
  zip_sha256           = try(module.release[0].sums.ingest, null)
  architecture         = var.architecture
  memory_mb            = var.ingest_memory_mb
  reserved_concurrency = local.said.reserved_concurrency
  front_door           = local.said.front_door
  throttle             = local.said.throttle
  event_bus            = { name = module.bus.name, arn = module.bus.arn }
  bucket_arn           = module.raw.bucket_arn
  lake_url             = module.raw.lake_url
  secret_arns          = module.secret.secret_arns
  parameter_arns       = module.secret.parameter_arns
  secret_key_arns      = local.said.secret_key_arns
  secret_json_key      = local.said.secret_json_key
  kms_key_arn          = var.kms_key_arn
  inline_limit_bytes   = local.said.inline_limit_bytes
  filters = {
    events              = var.events
    ignore_events       = var.ignore_events
    repositories        = var.repositories
    ignore_repositories = var.ignore_repositories
  }
  log_retention_days = var.log_retention_days
  tags               = local.tags

  role_path                 = var.role_path
  role_permissions_boundary = var.role_permissions_boundary
}

module "compactor" {
  source = "./modules/compactor"

  code              = var.code_in_s3 == null ? null : merge({ bucket = var.code_in_s3.bucket }, var.code_in_s3.compactor)
  settings          = local.settings
  queue_kms_key_arn = contains(var.kms_key_parts, "queues") ? var.kms_key_arn : null

  name               = var.name
  where              = local.where
  zip                = try(module.release[0].paths.compactor, coalesce(var.compactor_zip, "${local.built}/compactor/bootstrap.zip"))
  zip_sha256         = try(module.release[0].sums.compactor, null)
  architecture       = var.architecture
  memory_mb          = var.compactor_memory_mb
  timeout_seconds    = var.compactor_timeout_seconds
  target_file_mb     = var.target_file_mb
  bucket_arn         = module.raw.bucket_arn
  lake_url           = module.raw.lake_url
  kms_key_arn        = var.kms_key_arn
  schedule           = { expression = var.compact_schedule, timezone = var.compact_timezone, window_minutes = var.compact_window_minutes }
  tls_only           = var.tls_only
  log_retention_days = var.log_retention_days
  tags               = local.tags

  role_path                 = var.role_path
  role_permissions_boundary = var.role_permissions_boundary
}

module "athena" {
  source = "./modules/athena"

  name          = var.name
  where         = local.where
  lake_url      = module.raw.lake_url
  kms_key_arn   = var.kms_key_arn
  scan_limit_gb = var.athena_scan_limit_gb
  raw_since     = var.raw_since
  glue_columns  = var.glue_columns
  queries       = "${path.module}/queries"
  force_destroy = var.force_destroy
  tags          = local.tags
}

module "watching" {
  source = "./modules/watching"

  name                 = var.name
  where                = local.where
  front_door           = local.said.front_door
  api_id               = module.ingest.api_id
  limited_metric       = module.ingest.limited_metric
  counted              = module.ingest.counted
  producers            = one(module.producers)
  quiet_alarm_days     = var.quiet_alarm_days
  alarm_ends_too       = var.alarm_ends_too
  ingest_function_name = module.ingest.function_name
  compactor_function   = module.compactor.function_name
  delivery_stream_name = module.raw.delivery_stream_name
  buffer_seconds       = var.buffer.seconds
  dead_letter_queues   = merge({ raw = module.raw.dead_letter_queue_name, raw-errors = module.raw.errors_queue_name, compactor = module.compactor.dead_letter_queue_name }, local.route_queues)
  route_rules          = local.route_rules
  watched_rules        = local.watched_rules
  backlog_alarm_hours  = var.backlog_alarm_hours
  alarm_topic_arns     = var.alarm_topic_arns
  event_bus_name       = module.bus.name
  deliveries_rule_name = module.raw.rule_name
  tags                 = local.tags
}
