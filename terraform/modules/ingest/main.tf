# The ingest function: verifies a delivery and puts it on the bus.

locals {
  name = "${var.name}-ingest"

  filters = {
    OCTOLAKE_EVENTS        = join(",", var.filters.events)
    OCTOLAKE_IGNORE_EVENTS = join(",", var.filters.ignore_events)
    OCTOLAKE_REPOS         = join(",", var.filters.repositories)
    OCTOLAKE_IGNORE_REPOS  = join(",", var.filters.ignore_repositories)
  }
  environment = merge({
    OCTOLAKE_BUS_NAME     = var.event_bus.name
    OCTOLAKE_SECRET_ARNS  = join(",", concat(var.secret_arns, var.parameter_arns))
    OCTOLAKE_LARGE_URL    = var.lake_url
    OCTOLAKE_INLINE_LIMIT = tostring(var.inline_limit_bytes)
  }, { for key in var.secret_json_key[*] : "OCTOLAKE_SECRET_JSON_KEY" => key }, { for name, value in local.filters : name => value if value != "" })

  # A statement without resources is left out.
  permissions = [for statement in [
    {
      Sid      = "Bus"
      Action   = ["events:PutEvents"]
      Resource = [var.event_bus.arn]
    },
    {
      Sid      = "Secrets"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = var.secret_arns
    },
    {
      Sid      = "Parameters"
      Action   = ["ssm:GetParameter"]
      Resource = var.parameter_arns
    },
    {
      Sid       = "SecretKeys"
      Action    = ["kms:Decrypt"]
      Resource  = var.secret_key_arns
      Condition = { StringEquals = { "kms:ViaService" = [for service in ["secretsmanager", "ssm"] : "${service}.${var.where.region}.amazonaws.com"] } }
    },
    {
      # Keys are made of the day and the delivery id.
      Sid      = "LargeBodies"
      Action   = ["s3:PutObject"]
      Resource = ["${var.bucket_arn}/large/*"]
    },
    {
      # For large bodies, and for secrets and parameters that are under this key as well.
      Sid       = "Key"
      Action    = ["kms:GenerateDataKey", "kms:Decrypt"]
      Resource  = var.kms_key_arn == null ? [] : [var.kms_key_arn]
      Condition = { StringEquals = { "kms:ViaService" = [for service in ["s3", "secretsmanager", "ssm"] : "${service}.${var.where.region}.amazonaws.com"] } }
    },
  ] : statement if length(statement.Resource) > 0]
}

module "function" {
  source = "../function"

  name                 = local.name
  description          = "Verifies GitHub webhook deliveries and puts them on the bus ${var.event_bus.name}"
  where                = var.where
  zip                  = var.zip
  zip_sha256           = var.zip_sha256
  architecture         = var.architecture
  memory_mb            = var.memory_mb
  timeout_seconds      = 10 # GitHub waits no longer
  reserved_concurrency = var.reserved_concurrency
  environment          = local.environment
  permissions          = local.permissions
  system_log_level     = "WARN" # Lambda's own start and report lines would cost more than the function
  log_retention_days   = var.log_retention_days
  tags                 = var.tags

  role_path                 = var.role_path
  role_permissions_boundary = var.role_permissions_boundary
  code                      = var.code
  tracing                   = var.settings.tracing
  vpc                       = var.settings.vpc
  log_level                 = var.settings.log_level
  log_kms_key_arn           = var.settings.log_kms_key_arn
}
