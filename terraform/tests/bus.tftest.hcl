mock_provider "aws" {
  override_during = plan
  source          = "./tests/mock"
}

variables {
  name              = "acme"
  where             = { partition = "aws", region = "eu-central-1", account_id = "123456789012" }
  existing_bus_name = null
  archive_days      = 30
  archive_events    = ["workflow_job"]
  tags              = {}
}

run "own_bus" {
  command = plan
  module { source = "./modules/bus" }

  assert {
    condition     = output.name == "acme" && aws_cloudwatch_event_archive.deliveries[0].event_source_arn == "arn:aws:events:eu-central-1:123456789012:event-bus/acme"
    error_message = "a bus of its own, archived"
  }
  assert {
    condition     = aws_cloudwatch_event_archive.deliveries[0].retention_days == 30 && jsondecode(aws_cloudwatch_event_archive.deliveries[0].event_pattern) == { source = [{ prefix = "" }], "detail-type" = ["workflow_job"] }
    error_message = "the events named are archived for 30 days"
  }
  assert {
    condition     = jsondecode(output.deliveries_pattern) == { source = [{ prefix = "" }] }
    error_message = "the lake takes everything from its own bus"
  }
}

run "existing_bus" {
  command = plan
  module { source = "./modules/bus" }

  variables {
    existing_bus_name = "shared"
    archive_days      = 0
    archive_events    = ["push", "release"]
  }

  assert {
    condition     = output.name == "shared" && output.arn == "arn:aws:events:eu-central-1:123456789012:event-bus/shared" && length(aws_cloudwatch_event_bus.own) == 0 && aws_cloudwatch_event_archive.deliveries[0].retention_days == 0
    error_message = "the bus that is there, archived for ever"
  }
  assert {
    condition     = jsondecode(output.deliveries_pattern) == { detail = { _delivery = { id = [{ exists = true }] } } } && jsondecode(aws_cloudwatch_event_archive.deliveries[0].event_pattern) == { detail = { _delivery = { id = [{ exists = true }] } }, "detail-type" = ["push", "release"] }
    error_message = "of a shared bus the lake takes deliveries only, and archives no others"
  }
}

run "a_bus_that_is_not_there" {
  command = plan
  module { source = "./modules/bus" }

  variables {
    existing_bus_name = "share"
  }

  expect_failures = [output.name]
}

run "everything_archived" {
  command = plan
  module { source = "./modules/bus" }

  variables {
    archive_events = []
  }

  assert {
    condition     = aws_cloudwatch_event_archive.deliveries[0].event_pattern == output.deliveries_pattern
    error_message = "no types named: all that the lake takes"
  }
}

run "no_archive" {
  command = plan
  module { source = "./modules/bus" }

  variables {
    archive_days = null
  }

  assert {
    condition     = length(aws_cloudwatch_event_archive.deliveries) == 0 && output.archive_name == null && output.archive_arn == null
    error_message = "no archive, and no name of one"
  }
}

run "keys" {
  command = plan
  module { source = "./modules/bus" }

  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/k"
  }

  assert {
    condition     = endswith(aws_cloudwatch_event_bus.own[0].kms_key_identifier, "key/k")
    error_message = "a key of one's own for the bus"
  }
}

run "schemas" {
  command = plan
  module { source = "./modules/bus" }

  variables {
    schemas = { registry = true, discoverer = true }
  }

  assert {
    condition     = aws_schemas_registry.own[0].name == "acme" && aws_schemas_discoverer.bus[0].source_arn == "arn:aws:events:eu-central-1:123456789012:event-bus/acme"
    error_message = "a registry, and a discoverer on the bus"
  }
}

run "no_schemas" {
  command = plan
  module { source = "./modules/bus" }

  assert {
    condition     = length(aws_schemas_registry.own) + length(aws_schemas_discoverer.bus) == 0 && output.schema_registry_arn == null
    error_message = "neither unless asked for"
  }
}
