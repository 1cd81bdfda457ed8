# What somebody needs who asks the lake by Athena, and nothing more: a policy to attach to a role or a
# permission set. Not made here, since who may read payloads is for the owner to say.

locals {
  athena = "arn:${var.where.partition}:athena:${var.where.region}:${var.where.account_id}"
  glue   = "arn:${var.where.partition}:glue:${var.where.region}:${var.where.account_id}"
  bucket = "arn:${var.where.partition}:s3:::${trimprefix(var.lake_url, "s3://")}"

  analyst_policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid    = "Ask"
        Effect = "Allow"
        Action = [
          "athena:BatchGetNamedQuery", "athena:BatchGetQueryExecution", "athena:GetNamedQuery", "athena:GetQueryExecution",
          "athena:GetQueryResults", "athena:GetQueryResultsStream", "athena:GetWorkGroup", "athena:ListNamedQueries",
          "athena:ListQueryExecutions", "athena:StartQueryExecution", "athena:StopQueryExecution",
        ]
        Resource = ["${local.athena}:workgroup/${var.name}"]
      },
      {
        Sid    = "Tables"
        Effect = "Allow"
        Action = ["glue:GetDatabase", "glue:GetDatabases", "glue:GetPartition", "glue:GetPartitions", "glue:GetTable", "glue:GetTables"]
        Resource = [
          "${local.glue}:catalog", "${local.glue}:database/${aws_glue_catalog_database.lake.name}", "${local.glue}:table/${aws_glue_catalog_database.lake.name}/*",
        ]
      },
      {
        Sid      = "List"
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:ListBucket"]
        Resource = [local.bucket]
      },
      {
        # All of a delivery, payloads too.
        Sid      = "Read"
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = [for folder in ["events", "projection", "raw"] : "${local.bucket}/${folder}/*"]
      },
      {
        Sid      = "Results"
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
        Resource = ["${local.bucket}/athena-results/*"]
      },
      ], [for key in var.kms_key_arn[*] : {
        Sid       = "Key"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = [key]
        Condition = { StringEquals = { "kms:ViaService" = "s3.${var.where.region}.amazonaws.com" } }
    }])
  })
}
