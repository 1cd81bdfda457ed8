# Athena: the lake as tables, a workgroup with a limit, and the queries of this repository.

resource "aws_glue_catalog_database" "lake" {
  name        = replace(var.name, "-", "_")
  description = "GitHub webhook deliveries of ${var.name}"
  tags        = var.tags
}

# Partitions are projected by day, never registered. By day and not by hour: one LIST for a day
# instead of 24, and an hour is a filter on "$path" or on time.
resource "aws_glue_catalog_table" "events_raw" {
  name          = "events_raw"
  database_name = aws_glue_catalog_database.lake.name
  description   = "Events as they arrived, not deduplicated. Filter on day (yyyy/MM/dd)"
  table_type    = "EXTERNAL_TABLE"

  parameters = {
    EXTERNAL                       = "TRUE"
    classification                 = "json"
    "projection.enabled"           = "true"
    "projection.day.type"          = "date"
    "projection.day.format"        = "yyyy/MM/dd"
    "projection.day.range"         = "${var.raw_since},NOW"
    "projection.day.interval"      = "1"
    "projection.day.interval.unit" = "DAYS"
    # $${day} is Athena's placeholder, not Terraform's.
    "storage.location.template" = "${var.lake_url}/raw/$${day}"
  }

  partition_keys {
    name    = "day"
    type    = "string"
    comment = "Day of arrival, UTC, as yyyy/MM/dd"
  }

  storage_descriptor {
    location      = "${var.lake_url}/raw/"
    input_format  = "org.apache.hadoop.mapred.TextInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
    compressed    = true

    ser_de_info {
      serialization_library = "org.openx.data.jsonserde.JsonSerDe"

      parameters = {
        "ignore.malformed.json" = "true"
        "mapping.detail_type"   = "detail-type"
      }
    }

    dynamic "columns" {
      for_each = [
        ["version", "string"], ["id", "string"], ["detail_type", "string"], ["source", "string"],
        ["account", "string"], ["time", "string"], ["region", "string"],
        ["resources", "array<string>"], ["detail", "string"],
      ]

      content {
        name = columns.value[0]
        type = columns.value[1]
      }
    }
  }
}

resource "aws_athena_workgroup" "lake" {
  name          = var.name
  description   = "Queries on the lake of ${var.name}"
  force_destroy = var.force_destroy
  tags          = var.tags

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.scan_limit_gb * 1024 * 1024 * 1024

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location = "${var.lake_url}/athena-results/"

      encryption_configuration {
        encryption_option = var.kms_key_arn == null ? "SSE_S3" : "SSE_KMS"
        kms_key_arn       = var.kms_key_arn
      }
    }
  }
}

locals {
  # None of them wants a payload: the projection has a file where the table has thirty.
  sql = {
    for path in fileset(var.queries, "**/*.sql") :
    trimsuffix(path, ".sql") => replace(
      trimsuffix(trimspace(file("${var.queries}/${path}")), ";"), "/\\bfrom events\\b/", "from projection",
    )
  }
}

resource "aws_athena_named_query" "lake" {
  for_each = local.sql

  name = each.key
  # The first line of its header, without the word "Title:".
  description = substr(try(regex("^--+\\s*(?i:title:\\s*)?([^\n]+)", each.value)[0], each.key), 0, 1024)
  database    = aws_glue_catalog_database.lake.name
  workgroup   = aws_athena_workgroup.lake.id
  query       = each.value
}
