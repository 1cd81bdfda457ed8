# The root module: what it makes by default, how it wires its parts, and what it refuses. Against
# the real provider, which plans without a network (mock providers have no ephemeral resources, and
# refuse a module that has one); what it would look up is overridden. Every run names an existing
# secret, so that none has to be made: that is tested by an apply (tests/aws).

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.this
  values = { account_id = "123456789012" }
}

override_data {
  target = module.raw.data.aws_resourcegroupstaggingapi_resources.buckets
  values = { resource_tag_mapping_list = [] }
}

override_data {
  target = module.secret.data.aws_secretsmanager_secrets.existing
  values = {
    arns = [
      "arn:aws:secretsmanager:eu-central-1:123456789012:secret:acme/webhook-AbCdEf",
      "arn:aws:secretsmanager:eu-central-1:123456789012:secret:acme/webhook-old-AbCdEf",
    ]
  }
}

variables {
  name                  = "acme"
  existing_secret_names = ["acme/webhook"]
  # Any file will do: nothing is uploaded.
  ingest_zip    = "versions.tf"
  compactor_zip = "outputs.tf"
}

run "defaults" {
  command = plan

  assert {
    condition     = output.lake_url == "s3://acme-123456789012-eu-central-1"
    error_message = "a bucket's default name has the account and the region"
  }
  assert {
    condition     = output.event_bus_name == "acme" && output.archive_name == "acme-deliveries"
    error_message = "the stack makes a bus of its own, with an archive"
  }
  assert {
    condition     = output.glue_database == "acme" && output.athena_workgroup == "acme"
    error_message = "database and workgroup have the stack's name"
  }
  assert {
    condition     = output.ingest_function_name == "acme-ingest" && output.compactor_function_name == "acme-compactor"
    error_message = "functions are named after the stack"
  }
  assert {
    condition     = output.secret_arn == "arn:aws:secretsmanager:eu-central-1:123456789012:secret:acme/webhook-AbCdEf"
    error_message = "a secret is found by its whole name, not by the beginning of one"
  }
}

run "names_of_ones_own" {
  command = plan

  variables {
    name                  = "acme-two"
    bucket_name           = "acme-events-of-github"
    existing_secret_names = ["acme/webhook-old", "acme/webhook"]
  }

  assert {
    condition     = output.lake_url == "s3://acme-events-of-github"
    error_message = "bucket_name names the bucket"
  }
  assert {
    condition     = output.glue_database == "acme_two"
    error_message = "a database's name has no '-'"
  }
  assert {
    condition     = endswith(output.secret_arn, ":secret:acme/webhook-old-AbCdEf") && length(module.secret.secret_arns) == 2 && module.secret.parameter_arns == []
    error_message = "several secrets are accepted, the first of them is the output"
  }
}

run "an_existing_bus" {
  command = plan

  variables {
    existing_bus_name = "shared"
  }

  override_data {
    target = module.bus.data.aws_cloudwatch_event_buses.existing
    values = { event_buses = [{ name = "shared", arn = "", creation_time = "", description = "", last_modified_time = "", policy = "" }] }
  }

  assert {
    condition     = output.event_bus_name == "shared" && output.event_bus_arn == "arn:aws:events:eu-central-1:123456789012:event-bus/shared"
    error_message = "the existing bus is used"
  }
}

run "an_existing_parameter" {
  command = plan

  # Its look-up is an ephemeral resource, which a test can't override: tests/aws has it.
  override_module {
    target  = module.secret
    outputs = { secret_arns = [], parameter_arns = ["arn:aws:ssm:eu-central-1:123456789012:parameter/acme/webhook"] }
  }

  assert {
    condition     = output.secret_arn == "arn:aws:ssm:eu-central-1:123456789012:parameter/acme/webhook"
    error_message = "GitHub needs the value of the parameter"
  }
}

run "a_secret_that_is_not_there" {
  command = plan

  module {
    source = "./modules/secret"
  }

  variables {
    where                    = { partition = "aws", region = "eu-central-1", account_id = "123456789012" }
    existing_names           = ["acme/other"]
    existing_parameter_names = []
    secret_version           = 1
    kms_key_arn              = null
    force_destroy            = false
    tags                     = {}
  }

  override_data {
    target = data.aws_secretsmanager_secrets.existing
    values = { arns = ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:acme/other-one-AbCdEf"] }
  }

  expect_failures = [output.secret_arns]
}

# Each value is just outside of what its variable takes.
run "too_small" {
  command = plan

  variables {
    name                      = "ab"
    role_path                 = "octolake/"
    role_permissions_boundary = "octolake-boundary"
    ingest_zip                = "no-such-file.zip"
    compactor_zip             = "no-such-file.zip"
    architecture              = "arm"
    log_level                 = "WARN"
    log_kms_key_arn           = "alias/key"
    vpc                       = { subnet_ids = [], security_group_ids = [] }
    ingest_memory_mb          = 127
    events                    = ["Push"]
    ignore_events             = ["check run"]
    repositories              = ["acme"]
    ignore_repositories       = ["*/*"]
    existing_bus_name         = "arn:aws:events:x"
    archive_days              = -1
    archive_events            = ["workflow job"]
    bucket_name               = "ab"
    kms_key_arn               = "alias/key"
    buffer                    = { mb = 0, seconds = 300 }
    raw_cold_after_days       = -1
    old_version_days          = 0
    compact_schedule          = "cron(0 6 * * *)"
    compact_timezone          = "Europe Berlin"
    compact_window_minutes    = -1
    compactor_memory_mb       = 767
    compactor_timeout_seconds = 59
    target_file_mb            = 7
    athena_scan_limit_gb      = 0
    raw_since                 = "2026-01-01"
    alarm_topic_arns          = ["me@example.com"]
    backlog_alarm_hours       = 0
    quiet_alarm_days          = -1
    log_retention_days        = 2
  }

  expect_failures = [
    var.log_level, var.log_kms_key_arn, var.vpc, var.name, var.role_path, var.role_permissions_boundary, var.ingest_zip, var.compactor_zip, var.architecture, var.ingest_memory_mb, var.events, var.ignore_events, var.repositories, var.ignore_repositories, var.archive_events, var.existing_bus_name, var.archive_days, var.bucket_name, var.kms_key_arn, var.buffer, var.raw_cold_after_days, var.old_version_days, var.compact_schedule, var.compact_timezone, var.compact_window_minutes, var.compactor_memory_mb, var.compactor_timeout_seconds, var.target_file_mb, var.athena_scan_limit_gb, var.raw_since, var.alarm_topic_arns, var.backlog_alarm_hours, var.log_retention_days, var.quiet_alarm_days,
  ]
}

run "too_large" {
  command = plan

  variables {
    name                      = "a-name-that-is-much-too-long-x"
    role_path                 = "/octolake"
    role_permissions_boundary = "arn:aws:iam::123456789012:role/octolake-boundary"
    ingest_memory_mb          = 10241
    archive_days              = 3651
    bucket_name               = "with.a.dot"
    buffer                    = { mb = 64, seconds = 901 }
    compact_schedule          = "rate(0 minutes)"
    compact_window_minutes    = 1441
    compactor_memory_mb       = 10241
    compactor_timeout_seconds = 901
    raw_since                 = "2026/02/31"
    backlog_alarm_hours       = 25
    quiet_alarm_days          = 8
    target_file_mb            = 1025
  }

  expect_failures = [
    var.name, var.role_path, var.role_permissions_boundary, var.ingest_memory_mb, var.archive_days, var.bucket_name, var.buffer, var.compact_schedule, var.compact_window_minutes, var.compactor_memory_mb, var.compactor_timeout_seconds, var.target_file_mb, var.raw_since, var.backlog_alarm_hours, var.quiet_alarm_days,
  ]
}

run "a_dead_letter_queue_of_no_size" {
  command = plan

  variables {
    dead_letter_max_bytes = 1048577
  }

  expect_failures = [var.dead_letter_max_bytes]
}

run "code_without_its_sum" {
  command = plan

  variables {
    code_in_s3 = { bucket = "b", ingest = { key = "i", sha256 = "abc" }, compactor = { key = "c", sha256 = "abc" } }
  }

  expect_failures = [var.code_in_s3]
}

run "a_release" {
  command = plan

  variables {
    ingest_zip      = null
    compactor_zip   = null
    architecture    = "x86_64"
    release_version = "v1.2.3"
    release_url     = "https://github.com/acme/lake/releases/download"
  }

  assert {
    condition     = jsonencode(module.release[0].paths) == jsonencode({ compactor = "modules/release/fetched/v1.2.3/compactor-x86_64.zip", ingest = "modules/release/fetched/v1.2.3/ingest-x86_64.zip" })
    error_message = "the zips of the release and of the processor"
  }
}

run "a_release_beside_zips" {
  command = plan

  variables {
    release_version = "v1.2.3"
    release_url     = "https://github.com/acme/lake/releases/download"
  }

  expect_failures = [var.release_version]
}

run "a_release_from_nowhere" {
  command = plan

  variables {
    ingest_zip      = null
    compactor_zip   = null
    release_version = "v1.2.3"
  }

  expect_failures = [var.release_version]
}

run "a_release_that_is_a_path" {
  command = plan

  variables {
    ingest_zip      = null
    compactor_zip   = null
    release_version = "../v1.2.3"
    release_url     = "https://releases.example.com"
  }

  expect_failures = [var.release_version]
}

run "a_release_that_anybody_on_the_way_could_change" {
  command = plan

  variables {
    ingest_zip      = null
    compactor_zip   = null
    release_version = "v1.2.3"
    release_url     = "http://releases.example.com"
  }

  expect_failures = [var.release_url]
}

run "parts_without_a_key" {
  command = plan

  variables {
    kms_key_parts = ["bus"]
  }

  expect_failures = [var.kms_key_parts]
}

run "a_json_secret_of_another_account" {
  command = plan

  variables {
    existing_secret_names = []
    existing_secret_arns  = ["arn:aws:secretsmanager:eu-central-1:210987654321:secret:shared/webhook-AbCdEf"]
    secret_json_key       = "webhook"
  }

  assert {
    condition     = output.secret_arn == "arn:aws:secretsmanager:eu-central-1:210987654321:secret:shared/webhook-AbCdEf" && module.secret.parameter_arns == []
    error_message = "a secret of another account is accepted by its ARN"
  }
}

run "a_part_that_takes_no_key" {
  command = plan

  variables {
    kms_key_arn   = "arn:aws:kms:eu-central-1:123456789012:key/k"
    kms_key_parts = ["archive"]
  }

  expect_failures = [var.kms_key_parts]
}

run "a_discoverer_on_a_bus_with_a_key" {
  command = plan

  variables {
    kms_key_arn   = "arn:aws:kms:eu-central-1:123456789012:key/k"
    kms_key_parts = ["bus"]
    schemas       = { discoverer = true }
  }

  expect_failures = [var.schemas]
}

run "routes_that_are_no_object" {
  command = plan

  variables {
    routes = ["fleet"]
  }

  expect_failures = [var.routes]
}

run "a_route_named_as_the_log" {
  command = plan

  variables {
    log_events = true
    routes     = { log = { target = { type = "sqs" } } }
  }

  expect_failures = [var.routes]
}

run "routes" {
  command = plan

  variables {
    log_events = true
    routes     = { fleet = { events = ["workflow_job"], alarm = true, target = { type = "sqs" } } }
  }

  assert {
    condition     = join(",", keys(output.routes)) == "fleet,log" && output.routes.fleet.rule_name == "acme-route-fleet" && output.routes.log.dead_letter_queue_name == "acme-route-log-dead-letters"
    error_message = "each route by its name, and log_events is one"
  }
  assert {
    condition     = output.alarm_names["route-fleet"] == "acme-route-fleet" && output.alarm_names["dead-letters-route-fleet"] == "acme-dead-letters-route-fleet" && output.alarm_names["dead-letters-refused-route-log"] == "acme-dead-letters-refused-route-log" && !contains(keys(output.alarm_names), "route-log")
    error_message = "alarms for what is in a dead-letter queue and for what it refused, and for a match where it was asked for"
  }
}
