mock_provider "aws" {
  override_during = plan
  source          = "./tests/mock"
}

variables {
  name          = "acme-two"
  where         = { partition = "aws", region = "eu-central-1", account_id = "123456789012" }
  lake_url      = "s3://acme-lake"
  kms_key_arn   = null
  scan_limit_gb = 100
  raw_since     = "2026/01/01"
  queries       = "tests/queries"
  force_destroy = false
  tags          = {}
}

run "tables" {
  command = plan
  module { source = "./modules/athena" }

  assert {
    condition     = aws_glue_catalog_table.delta["events"].parameters == tomap({ EXTERNAL = "TRUE", "spark.sql.sources.provider" = "delta" }) && aws_glue_catalog_table.delta["events"].storage_descriptor[0].location == "s3://acme-lake/events/" && [for column in aws_glue_catalog_table.delta["events"].storage_descriptor[0].columns : "${column.name} ${column.type}"] == ["col array<string>"] && aws_glue_catalog_table.delta["events"].storage_descriptor[0].ser_de_info[0].parameters["path"] == "s3://acme-lake/events/"
    error_message = "what makes Glue's table a Delta table for Athena"
  }
  assert {
    condition     = aws_glue_catalog_table.events_raw.parameters["storage.location.template"] == "s3://acme-lake/raw/$${day}" && aws_glue_catalog_table.events_raw.parameters["projection.day.range"] == "2026/01/01,NOW" && aws_glue_catalog_table.events_raw.partition_keys[0].name == "day"
    error_message = "raw objects are projected by day"
  }
  assert {
    condition     = aws_glue_catalog_table.events_raw.storage_descriptor[0].ser_de_info[0].parameters["mapping.detail_type"] == "detail-type" && [for column in aws_glue_catalog_table.events_raw.storage_descriptor[0].columns : column.name] == ["version", "id", "detail_type", "source", "account", "time", "region", "resources", "detail"]
    error_message = "an envelope's members are its columns"
  }
  assert {
    condition     = output.database == "acme_two" && aws_athena_workgroup.lake.configuration[0].bytes_scanned_cutoff_per_query == 107374182400 && aws_athena_workgroup.lake.configuration[0].engine_version[0].selected_engine_version == "Athena engine version 3" && aws_athena_workgroup.lake.configuration[0].enforce_workgroup_configuration
    error_message = "engine 3, with a limit that nobody's client can lift"
  }
  assert {
    condition = jsonencode({ for statement in jsondecode(output.analyst_policy).Statement : statement.Sid => statement.Resource }) == jsonencode({
      Ask     = ["arn:aws:athena:eu-central-1:123456789012:workgroup/acme-two"]
      List    = ["arn:aws:s3:::acme-lake"]
      Read    = ["arn:aws:s3:::acme-lake/events/*", "arn:aws:s3:::acme-lake/projection/*", "arn:aws:s3:::acme-lake/raw/*"]
      Results = ["arn:aws:s3:::acme-lake/athena-results/*"]
      Tables  = ["arn:aws:glue:eu-central-1:123456789012:catalog", "arn:aws:glue:eu-central-1:123456789012:database/acme_two", "arn:aws:glue:eu-central-1:123456789012:table/acme_two/*"]
    })
    error_message = "an analyst reads the table and what arrived, and writes results only"
  }
  assert {
    condition     = aws_athena_named_query.lake["queue/latency"].query == "-- How long jobs waited\nselect 2 as n" && aws_athena_named_query.lake["queue/latency"].description == "How long jobs waited"
    error_message = "a query is registered as it is written, described by its first line"
  }
  assert {
    condition     = aws_athena_named_query.lake["queue/jobs"].query == "-- Title: Jobs, one row each\nselect 1 as n from projection" && aws_athena_named_query.lake["queue/jobs"].description == "Jobs, one row each"
    error_message = "a title is the description, and Athena takes no ';' at the end"
  }
}

run "every_choice" {
  command = plan
  module { source = "./modules/athena" }

  variables {
    kms_key_arn   = "arn:aws:kms:eu-central-1:123456789012:key/k"
    scan_limit_gb = 1
    raw_since     = "2025/06/01"
    queries       = "tests/no-such-folder"
    glue_columns  = true
    force_destroy = true
  }

  assert {
    condition     = [for column in aws_glue_catalog_table.delta["events"].partition_keys : "${column.name} ${column.type}"] == ["event_type string", "date date"] && contains([for column in aws_glue_catalog_table.delta["events"].storage_descriptor[0].columns : "${column.name} ${column.type}"], "pull_request_merged_at timestamp")
    error_message = "the table's columns, where Glue is to have them"
  }
  assert {
    condition     = [for statement in jsondecode(output.analyst_policy).Statement : statement.Resource if statement.Sid == "Key"] == [["arn:aws:kms:eu-central-1:123456789012:key/k"]]
    error_message = "an analyst may use the key"
  }
  assert {
    condition     = aws_athena_workgroup.lake.configuration[0].bytes_scanned_cutoff_per_query == 1073741824 && aws_athena_workgroup.lake.configuration[0].result_configuration[0].encryption_configuration[0].encryption_option == "SSE_KMS" && aws_athena_workgroup.lake.force_destroy
    error_message = "limit, key and force_destroy"
  }
  assert {
    condition     = aws_glue_catalog_table.events_raw.parameters["projection.day.range"] == "2025/06/01,NOW" && length(aws_athena_named_query.lake) == 0
    error_message = "the first day; no queries where there are none"
  }
}
