# What may stand in variables or in a file: the defaults, and what is refused. That both reach their parts is
# in tests/aws/test_plan.py and tests/aws/test_config.py.

variables {
  dead_letter_max_bytes = 262144
}

run "defaults" {
  command = plan

  module {
    source = "./modules/settings"
  }

  assert {
    condition     = output.settings.front_door == "function-url" && output.settings.throttle == { rate = 65, burst = 5000 } && output.settings.reserved_concurrency == -1 && output.settings.inline_limit_bytes == 240000 && output.settings.webhook_secret_version == 1
    error_message = "what the root module's README says"
  }
  assert {
    condition     = alltrue([for key in ["existing_secret_names", "existing_secret_arns", "existing_parameter_names", "secret_key_arns"] : length(output.settings[key]) == 0]) && output.settings.domain == null && output.settings.producers_door == null && output.settings.secret_json_key == null
    error_message = "no secret that exists, no domain and no second door"
  }
}

run "a_throttle_in_part" {
  command = plan

  module {
    source = "./modules/settings"
  }

  variables {
    throttle = { rate = 7 }
  }

  assert {
    condition     = output.settings.throttle == { rate = 7, burst = 5000 }
    error_message = "what is not said has its default"
  }
}

run "too_small" {
  command = plan

  module {
    source = "./modules/settings"
  }

  variables {
    front_door               = "alb"
    throttle                 = { rate = 0, burst = 10 }
    reserved_concurrency     = 9
    inline_limit_bytes       = 9999
    webhook_secret_version   = 0
    existing_secret_names    = ["arn:aws:secretsmanager:x"]
    existing_parameter_names = ["arn:aws:ssm:x"]
    existing_secret_arns     = ["acme/webhook"]
    secret_key_arns          = ["alias/key"]
  }

  expect_failures = [var.existing_secret_arns, var.front_door, var.throttle, var.reserved_concurrency, var.existing_parameter_names, var.secret_key_arns, var.inline_limit_bytes, var.webhook_secret_version, var.existing_secret_names]
}

run "too_large" {
  command = plan

  module {
    source = "./modules/settings"
  }

  variables {
    throttle             = { rate = 500, burst = 5001 }
    reserved_concurrency = 10.5
    inline_limit_bytes   = 950001
  }

  expect_failures = [var.throttle, var.reserved_concurrency, var.inline_limit_bytes]
}

run "an_event_too_large_for_its_dead_letter_queue" {
  command = plan

  module {
    source = "./modules/settings"
  }

  variables {
    inline_limit_bytes = 240001
  }

  expect_failures = [var.inline_limit_bytes]
}

run "a_domain_for_a_function_url" {
  command = plan

  module {
    source = "./modules/settings"
  }

  variables {
    domain = { name = "hooks.example.com", certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/c" }
  }

  expect_failures = [var.domain]
}

run "a_domain_that_is_none" {
  command = plan

  module {
    source = "./modules/settings"
  }

  variables {
    front_door = "http-api"
    domain     = { name = "hooks", certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/c" }
  }

  expect_failures = [var.domain]
}

run "a_key_of_no_name" {
  command = plan

  module {
    source = "./modules/settings"
  }

  variables {
    secret_json_key = " "
  }

  expect_failures = [var.secret_json_key]
}

run "a_second_door_that_anybody_could_use" {
  command = plan

  module {
    source = "./modules/settings"
  }

  variables {
    producers_door = { source = "deploy-tools" }
  }

  expect_failures = [var.producers_door]
}

run "a_second_door_with_two_authorizers" {
  command = plan

  module {
    source = "./modules/settings"
  }

  variables {
    producers_door = { source = "deploy-tools", iam = true, jwt = { issuer = "https://issuer.example", audience = ["octolake"] } }
  }

  expect_failures = [var.producers_door]
}

run "a_second_door_that_passes_for_github" {
  command = plan

  module {
    source = "./modules/settings"
  }

  variables {
    producers_door = { source = "github.com", iam = true }
  }

  expect_failures = [var.producers_door]
}

run "a_second_door_for_tokens_of_no_issuer" {
  command = plan

  module {
    source = "./modules/settings"
  }

  variables {
    producers_door = { source = "deploy-tools", jwt = { issuer = "http://issuer.example", audience = ["octolake"] } }
  }

  expect_failures = [var.producers_door]
}

run "a_second_door_for_everybodys_tokens" {
  command = plan

  module {
    source = "./modules/settings"
  }

  variables {
    producers_door = { source = "deploy-tools", jwt = { issuer = "https://issuer.example", audience = [] } }
  }

  expect_failures = [var.producers_door]
}

run "a_second_door_without_a_limit" {
  command = plan

  module {
    source = "./modules/settings"
  }

  variables {
    producers_door = { source = "deploy-tools", iam = true, throttle = { rate = 0 } }
  }

  expect_failures = [var.producers_door]
}

run "a_second_door_for_every_workflow_in_the_world" {
  command = plan

  module {
    source = "./modules/settings"
  }

  variables {
    producers_door = { source = "deploy-tools", jwt = { issuer = "https://token.actions.githubusercontent.com/", audience = ["octolake"] } }
  }

  expect_failures = [var.producers_door]
}

run "a_second_door" {
  command = plan

  module {
    source = "./modules/settings"
  }

  variables {
    producers_door = { source = "deploy-tools", jwt = { issuer = "https://issuer.example", audience = ["octolake"] } }
  }

  assert {
    condition     = jsonencode(output.settings.producers_door) == jsonencode({ source = "deploy-tools", jwt = { issuer = "https://issuer.example", audience = ["octolake"], scopes = [] }, iam = false, throttle = { rate = 10, burst = 100 } })
    error_message = "what is not said has its default"
  }
}
