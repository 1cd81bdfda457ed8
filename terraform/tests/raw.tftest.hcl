mock_provider "aws" {
  override_during = plan
  source          = "./tests/mock"
}

variables {
  name               = "acme"
  where              = { partition = "aws", region = "eu-central-1", account_id = "123456789012" }
  bucket_name        = "acme-lake"
  event_bus_name     = "acme"
  event_pattern      = "{\"source\":[{\"prefix\":\"\"}]}"
  kms_key_arn        = null
  buffer             = { mb = 64, seconds = 300 }
  cold_after_days    = 90
  old_version_days   = 30
  force_destroy      = false
  tls_only           = true
  log_retention_days = 30
  tags               = { team = "a" }
}

run "the_contract" {
  command = plan
  module { source = "./modules/raw" }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.raw.extended_s3_configuration[0].prefix == "raw/!{timestamp:yyyy}/!{timestamp:MM}/!{timestamp:dd}/!{timestamp:HH}/"
    error_message = "raw objects lie under raw/<yyyy>/<mm>/<dd>/<hh>/"
  }
  assert {
    condition     = startswith(aws_kinesis_firehose_delivery_stream.raw.extended_s3_configuration[0].error_output_prefix, "raw-errors/")
    error_message = "what Firehose could not take lies beside the raw zone, not in it"
  }
  assert {
    condition     = aws_kinesis_firehose_delivery_stream.raw.extended_s3_configuration[0].compression_format == "GZIP" && aws_kinesis_firehose_delivery_stream.raw.extended_s3_configuration[0].processing_configuration[0].processors[0].type == "AppendDelimiterToRecord"
    error_message = "gzip, one event on a line"
  }
  assert {
    condition     = aws_kinesis_firehose_delivery_stream.raw.extended_s3_configuration[0].buffering_size == 64 && aws_kinesis_firehose_delivery_stream.raw.extended_s3_configuration[0].buffering_interval == 300
    error_message = "buffer settings are Firehose's"
  }
  assert {
    condition     = aws_cloudwatch_event_rule.deliveries.event_pattern == "{\"source\":[{\"prefix\":\"\"}]}" && aws_cloudwatch_event_target.firehose.dead_letter_config[0].arn == aws_sqs_queue.dead_letters.arn
    error_message = "the rule takes the pattern given, and what it can't deliver goes to the queue"
  }
  assert {
    condition     = aws_s3_bucket_versioning.lake.versioning_configuration[0].status == "Enabled" && alltrue([for on in [aws_s3_bucket_public_access_block.lake.block_public_acls, aws_s3_bucket_public_access_block.lake.block_public_policy, aws_s3_bucket_public_access_block.lake.ignore_public_acls, aws_s3_bucket_public_access_block.lake.restrict_public_buckets] : on])
    error_message = "the bucket is versioned and not public"
  }
  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.lake.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "SSE-S3 without a key"
  }
  assert {
    condition     = jsondecode(aws_s3_bucket_policy.lake[0].policy).Statement[0].Condition.Bool["aws:SecureTransport"] == "false" && aws_s3_bucket.lake.force_destroy == false
    error_message = "TLS only, and a lake is not destroyed by accident"
  }
  assert {
    condition     = toset([for rule in aws_s3_bucket_lifecycle_configuration.lake.rule : rule.id]) == toset(["clean-up", "query-results", "raw-gets-cold", "large-gets-cold"])
    error_message = "lifecycle rules"
  }
  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.lake.rule : rule.id if length(rule.expiration) > 0] == ["clean-up", "query-results"] && aws_s3_bucket_lifecycle_configuration.lake.rule[0].expiration[0].expired_object_delete_marker
    error_message = "only query results expire: raw objects never do"
  }
  assert {
    condition     = toset(flatten([for statement in jsondecode(aws_iam_role_policy.firehose.policy).Statement : statement.Action if contains(flatten([statement.Resource]), "arn:aws:s3:::acme-lake/raw/*")])) == toset(["s3:PutObject", "s3:AbortMultipartUpload"])
    error_message = "Firehose may write raw objects, and neither read nor delete them"
  }
  assert {
    condition = jsondecode(aws_iam_role.firehose.assume_role_policy).Statement[0].Condition == {
      StringEquals         = { "sts:ExternalId" = "123456789012" }
      StringEqualsIfExists = { "aws:SourceAccount" = "123456789012" }
      ArnEqualsIfExists    = { "aws:SourceArn" = "arn:aws:firehose:eu-central-1:123456789012:deliverystream/acme-raw" }
    }
    error_message = "only this stream takes Firehose's role"
  }
  assert {
    condition     = jsondecode(aws_iam_role.rule.assume_role_policy).Statement[0].Condition.ArnEqualsIfExists["aws:SourceArn"] == aws_cloudwatch_event_rule.deliveries.arn && !can(jsondecode(aws_iam_role.rule.assume_role_policy).Statement[0].Condition.ArnEquals)
    error_message = "only this rule takes the rule's role"
  }
  assert {
    condition     = aws_s3_bucket_notification.events.eventbridge && jsondecode(aws_cloudwatch_event_rule.errors.event_pattern).detail.object.key == [{ prefix = "raw-errors/" }] && jsondecode(aws_sqs_queue.errors.policy).Statement[0].Condition.ArnEquals["aws:SourceArn"] == aws_cloudwatch_event_rule.errors.arn
    error_message = "objects under raw-errors/ are told to a queue"
  }
  assert {
    condition     = aws_sqs_queue.dead_letters.max_message_size == 262144
    error_message = "the queue takes the largest inline event"
  }
  assert {
    condition     = aws_cloudwatch_log_group.firehose.retention_in_days == 30 && aws_s3_bucket.lake.tags["team"] == "a"
    error_message = "retention and tags"
  }
}

run "every_choice" {
  command = plan
  module { source = "./modules/raw" }

  variables {
    kms_key_arn        = "arn:aws:kms:eu-central-1:123456789012:key/k"
    buffer             = { mb = 1, seconds = 0 }
    cold_after_days    = 0
    old_version_days   = 7
    force_destroy      = true
    tls_only           = false
    log_retention_days = 365

    role_path                 = "/acme/"
    role_permissions_boundary = "arn:aws:iam::123456789012:policy/acme-boundary"
  }

  assert {
    condition     = alltrue([for role in [aws_iam_role.rule, aws_iam_role.firehose] : role.path == "/acme/" && role.permissions_boundary == "arn:aws:iam::123456789012:policy/acme-boundary"])
    error_message = "both roles have the path and the boundary"
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.lake.rule).apply_server_side_encryption_by_default).kms_master_key_id == "arn:aws:kms:eu-central-1:123456789012:key/k" && one(aws_s3_bucket_server_side_encryption_configuration.lake.rule).bucket_key_enabled
    error_message = "SSE-KMS with a bucket key"
  }
  assert {
    condition     = contains(flatten([for statement in jsondecode(aws_iam_role_policy.firehose.policy).Statement : statement.Action]), "kms:GenerateDataKey") && aws_kinesis_firehose_delivery_stream.raw.extended_s3_configuration[0].kms_key_arn == "arn:aws:kms:eu-central-1:123456789012:key/k"
    error_message = "Firehose may use the key, and does"
  }
  assert {
    condition     = aws_kinesis_firehose_delivery_stream.raw.extended_s3_configuration[0].buffering_size == 1 && aws_kinesis_firehose_delivery_stream.raw.extended_s3_configuration[0].buffering_interval == 0
    error_message = "buffer settings are passed on"
  }
  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.lake.rule) == 2 && one(aws_s3_bucket_lifecycle_configuration.lake.rule[0].noncurrent_version_expiration).noncurrent_days == 7
    error_message = "nothing gets cold, old versions go after a week"
  }
  assert {
    condition     = length(aws_s3_bucket_policy.lake) == 0 && [for statement in jsondecode(aws_sqs_queue.dead_letters.policy).Statement : statement.Sid] == ["Rule"]
    error_message = "no TLS-only statements for an emulator"
  }
  assert {
    condition     = aws_s3_bucket.lake.force_destroy && aws_cloudwatch_log_group.firehose.retention_in_days == 365
    error_message = "force_destroy and retention are passed on"
  }
}

run "a_bucket_that_is_adopted" {
  command = plan
  module { source = "./modules/raw" }

  variables {
    adopt_bucket = true
  }

  override_data {
    target = data.aws_resourcegroupstaggingapi_resources.buckets
    values = { resource_tag_mapping_list = [{ resource_arn = "arn:aws:s3:::acme-lake", tags = {}, compliance_details = [] }] }
  }

  assert {
    condition     = aws_s3_bucket.lake.bucket == "acme-lake"
    error_message = "a bucket that exists may be the lake's, if its owner says so"
  }
}

run "a_bucket_that_exists" {
  command = plan
  module { source = "./modules/raw" }

  override_data {
    target = data.aws_resourcegroupstaggingapi_resources.buckets
    values = { resource_tag_mapping_list = [{ resource_arn = "arn:aws:s3:::acme-lake", tags = {}, compliance_details = [] }] }
  }

  expect_failures = [aws_s3_bucket.lake]
}

run "a_key_for_the_queues" {
  command = plan
  module { source = "./modules/raw" }

  variables {
    queue_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/q"
  }

  assert {
    condition     = endswith(aws_sqs_queue.dead_letters.kms_master_key_id, "key/q") && endswith(aws_sqs_queue.errors.kms_master_key_id, "key/q") && aws_sqs_queue.dead_letters.sqs_managed_sse_enabled != true
    error_message = "a key of one's own for the queues"
  }
}
