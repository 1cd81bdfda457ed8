# What runs: a version, which never changes, and the alias that points to it. Everything that invokes
# goes by the alias, so one call moves all of it to another version and back.

locals {
  # crates/aws has this name too.
  alias = "live"
}

resource "aws_lambda_alias" "live" {
  name             = local.alias
  description      = "What runs: every invocation of ${var.name} goes by this"
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version
}
