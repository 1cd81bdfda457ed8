# The webhook secret: made here, handed to Secrets Manager, and never in the state; or secrets that
# exist already, in Secrets Manager or as SSM parameters.

locals {
  own = length(var.existing_names) + length(var.existing_arns) + length(var.existing_parameter_names) == 0
}

ephemeral "aws_secretsmanager_random_password" "webhook" {
  count = local.own ? 1 : 0

  password_length     = 48
  exclude_punctuation = true # it is pasted into a form at GitHub
}

resource "aws_secretsmanager_secret" "webhook" {
  #checkov:skip=CKV_AWS_149:a KMS key is the owner's choice (kms_key_arn); without one AWS's own key encrypts
  #checkov:skip=CKV2_AWS_57:GitHub holds the other half, so no schedule can rotate it: webhook_secret_version does
  count = local.own ? 1 : 0

  name                    = "${var.name}/webhook"
  description             = "Shared secret of the GitHub webhooks that feed ${var.name}"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.force_destroy ? 0 : 7
  tags                    = var.tags
}

resource "aws_secretsmanager_secret_version" "webhook" {
  count = local.own ? 1 : 0

  secret_id                = aws_secretsmanager_secret.webhook[0].id
  secret_string_wo         = ephemeral.aws_secretsmanager_random_password.webhook[0].random_password
  secret_string_wo_version = var.secret_version
}

data "aws_secretsmanager_secrets" "existing" {
  count = length(var.existing_names) == 0 ? 0 : 1

  filter {
    name   = "name"
    values = var.existing_names
  }
}

locals {
  found = try(data.aws_secretsmanager_secrets.existing[0].arns, [])
  # An ARN ends in the name, '-' and six characters of AWS's own.
  existing = {
    for name in var.existing_names : name => [
      for arn in local.found : arn
      if can(regex("^-[A-Za-z0-9]{6}$", trimprefix(join(":", slice(split(":", arn), 6, length(split(":", arn)))), name)))
    ]
  }
}

locals {
  parameter_arns = {
    for name in var.existing_parameter_names :
    name => "arn:${var.where.partition}:ssm:${var.where.region}:${var.where.account_id}:parameter/${trimprefix(name, "/")}"
  }
}

# Only to see that each is there: an ephemeral resource leaves nothing in the plan and in the state,
# and without decryption nobody who plans needs the key. A data source would keep the value. The
# sentence stands in the line that Terraform quotes: it has no place for one of ours (a postcondition
# of an ephemeral resource breaks 'terraform show -json' in 1.11).
ephemeral "aws_ssm_parameter" "existing" { # Create it with 'aws ssm put-parameter --type SecureString', or take it out of existing_parameter_names.
  for_each = local.parameter_arns

  arn             = each.value
  with_decryption = false
}
