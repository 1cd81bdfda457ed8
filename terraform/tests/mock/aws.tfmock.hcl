# What a made-up AWS answers, where the default of a random string would not do.

mock_data "aws_caller_identity" {
  defaults = { account_id = "123456789012" }
}

mock_data "aws_partition" {
  defaults = { partition = "aws" }
}

mock_data "aws_region" {
  defaults = { id = "eu-central-1" }
}

mock_data "aws_resourcegroupstaggingapi_resources" {
  defaults = { resource_tag_mapping_list = [] }
}

mock_data "aws_cloudwatch_event_buses" {
  defaults = {
    event_buses = [
      { name = "shared", arn = "arn:aws:events:eu-central-1:123456789012:event-bus/shared", creation_time = "", description = "", last_modified_time = "", policy = "" },
      { name = "shared-too", arn = "arn:aws:events:eu-central-1:123456789012:event-bus/shared-too", creation_time = "", description = "", last_modified_time = "", policy = "" },
    ]
  }
}

mock_resource "aws_cloudwatch_event_bus" {
  defaults = { arn = "arn:aws:events:eu-central-1:123456789012:event-bus/acme" }
}

mock_resource "aws_cloudwatch_event_rule" {
  defaults = { arn = "arn:aws:events:eu-central-1:123456789012:rule/acme/rule" }
}

mock_resource "aws_cloudwatch_event_archive" {
  defaults = { arn = "arn:aws:events:eu-central-1:123456789012:archive/acme-deliveries" }
}

mock_resource "aws_cloudwatch_log_group" {
  defaults = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:group" }
}

mock_resource "aws_cloudwatch_metric_alarm" {
  defaults = { arn = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:alarm" }
}

mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::123456789012:role/role", id = "role" }
}

mock_resource "aws_lambda_function" {
  defaults = {
    arn        = "arn:aws:lambda:eu-central-1:123456789012:function:function"
    invoke_arn = "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/f/invocations"
    version    = "7"
  }
}

mock_resource "aws_lambda_alias" {
  defaults = {
    arn        = "arn:aws:lambda:eu-central-1:123456789012:function:function:live"
    invoke_arn = "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/f:live/invocations"
  }
}

mock_resource "aws_lambda_function_url" {
  defaults = { function_url = "https://abc.lambda-url.eu-central-1.on.aws/" }
}

mock_resource "aws_apigatewayv2_api" {
  defaults = {
    id            = "api1"
    api_endpoint  = "https://api1.execute-api.eu-central-1.amazonaws.com"
    execution_arn = "arn:aws:execute-api:eu-central-1:123456789012:api1"
  }
}

mock_resource "aws_kinesis_firehose_delivery_stream" {
  defaults = { arn = "arn:aws:firehose:eu-central-1:123456789012:deliverystream/acme-raw" }
}

mock_resource "aws_s3_bucket" {
  defaults = { id = "acme-bucket", arn = "arn:aws:s3:::acme-bucket" }
}

mock_resource "aws_scheduler_schedule_group" {
  defaults = { arn = "arn:aws:scheduler:eu-central-1:123456789012:schedule-group/acme-compactor" }
}

mock_resource "aws_sqs_queue" {
  defaults = {
    id  = "https://sqs.eu-central-1.amazonaws.com/123456789012/queue"
    url = "https://sqs.eu-central-1.amazonaws.com/123456789012/queue"
    arn = "arn:aws:sqs:eu-central-1:123456789012:queue"
  }
}

mock_resource "aws_athena_workgroup" {
  defaults = { id = "acme" }
}

mock_data "aws_secretsmanager_secrets" {
  defaults = {
    arns = [
      "arn:aws:secretsmanager:eu-central-1:123456789012:secret:acme/webhook-AbCdEf",
      "arn:aws:secretsmanager:eu-central-1:123456789012:secret:acme/webhook-old-AbCdEf",
    ]
  }
}

mock_resource "aws_sns_topic" {
  defaults = { arn = "arn:aws:sns:eu-central-1:123456789012:topic" }
}

mock_resource "aws_sfn_state_machine" {
  defaults = { arn = "arn:aws:states:eu-central-1:123456789012:stateMachine:machine" }
}

mock_resource "aws_dynamodb_table" {
  defaults = { arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/table" }
}

mock_resource "aws_cloudwatch_event_api_destination" {
  defaults = { arn = "arn:aws:events:eu-central-1:123456789012:api-destination/d/0a1b" }
}
