# Delta tables in Glue, in the shape that Athena's guide asks for where Athena did not make the table:
# `spark.sql.sources.provider` and no `table_type`, one placeholder column, and the location in the
# SerDe's `path`. https://docs.aws.amazon.com/athena/latest/ug/delta-lake-tables-syncing-metadata.html
# Athena and Trino then read the columns from the table's own log. Formats and SerDe read nothing, but
# without a SerDe Trino refuses the table.

locals {
  placeholder = { columns = [["col", "array<string>"]], partitions = [] }
  # Lake Formation, views and filters of Athena's want Glue's columns equal to the log's.
  listed = var.glue_columns ? jsondecode(file("${path.module}/columns.json")) : local.placeholder

  # The same columns but the payload, with the date as one of them, by month.
  projected = {
    columns = concat(
      slice(local.listed.columns, 0, 1), [["date", "date"]],
      [for column in slice(local.listed.columns, 1, length(local.listed.columns)) : column if column[0] != "payload"],
    )
    partitions = [["event_type", "string"], ["month", "string"]]
  }

  delta_tables = {
    events     = { description = "The lake: one row for each delivery", folder = "events", schema = local.listed }
    projection = { description = "The same rows without payloads, by month: fewer files for reports", folder = "projection", schema = var.glue_columns ? local.projected : local.placeholder }
  }
}

resource "aws_glue_catalog_table" "delta" {
  for_each = local.delta_tables

  name          = each.key
  database_name = aws_glue_catalog_database.lake.name
  description   = each.value.description
  table_type    = "EXTERNAL_TABLE"

  parameters = {
    EXTERNAL                     = "TRUE"
    "spark.sql.sources.provider" = "delta"
  }

  dynamic "partition_keys" {
    for_each = each.value.schema.partitions

    content {
      name = partition_keys.value[0]
      type = partition_keys.value[1]
    }
  }

  storage_descriptor {
    location      = "${var.lake_url}/${each.value.folder}/"
    input_format  = "org.apache.hadoop.mapred.SequenceFileInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat"

    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"

      parameters = {
        path                   = "${var.lake_url}/${each.value.folder}/"
        "serialization.format" = "1"
      }
    }

    dynamic "columns" {
      for_each = each.value.schema.columns

      content {
        name = columns.value[0]
        type = columns.value[1]
      }
    }
  }
}

# Before there was a map of tables.
moved {
  from = aws_glue_catalog_table.events
  to   = aws_glue_catalog_table.delta["events"]
}
