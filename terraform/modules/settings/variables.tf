variable "front_door" {
  description = "What GitHub calls: 'function-url' (free) or 'http-api' (throttling and access logs, 1 dollar per million requests)."
  type        = string
  default     = "function-url"
  nullable    = false

  validation {
    condition     = contains(["function-url", "http-api"], var.front_door)
    error_message = "front_door must be function-url or http-api."
  }
}

variable "throttle" {
  description = "Requests per second and burst that the HTTP API lets through. The default rate is what Firehose takes by default in most regions, 1 MiB a second: some 68 deliveries of 15 KB. GitHub never retries, so stay above your peak, and raise both quotas together."
  type        = object({ rate = optional(number, 65), burst = optional(number, 5000) })
  default     = {}
  nullable    = false

  validation {
    condition     = var.throttle.rate >= 1 && var.throttle.burst >= var.throttle.rate && var.throttle.burst <= 5000
    error_message = "throttle needs 1 <= rate <= burst <= 5000 (5000 is the default quota of an account)."
  }
}

variable "domain" {
  description = "A name of one's own for the HTTP API, and the ARN of its certificate in ACM, of this region. Point a CNAME (or an alias) at the output domain_target. Null: AWS's name."
  type        = object({ name = string, certificate_arn = string })
  default     = null

  validation {
    condition     = var.domain == null ? true : can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", var.domain.name)) && can(regex("^arn:[a-z-]+:acm:", var.domain.certificate_arn))
    error_message = "domain needs a host name in small letters, such as hooks.example.com, and the ARN of its certificate in ACM (arn:…:acm:…)."
  }

  validation {
    condition     = var.domain == null || var.front_door == "http-api"
    error_message = "domain needs front_door = \"http-api\": a function URL has no other name."
  }
}

variable "producers_door" {
  description = "A second door, for producers that can't sign: an HTTP API that puts their events on the bus, with 'source' as what every one of them has there. Who may send: holders of a token of 'jwt' (an issuer and its audience, and scopes of which one is needed), or with iam = true whoever IAM allows execute-api:Invoke. 'throttle' is requests a second and burst, and takes its share of what Firehose takes. Null: no such door."
  type        = object({ source = string, jwt = optional(object({ issuer = string, audience = list(string), scopes = optional(list(string), []) })), iam = optional(bool, false), throttle = optional(object({ rate = optional(number, 10), burst = optional(number, 100) }), {}) })
  default     = null

  validation {
    condition     = var.producers_door == null ? true : (var.producers_door.jwt != null) != var.producers_door.iam
    error_message = "producers_door needs one of jwt = { issuer, audience } and iam = true: without either, anybody could write into the lake, and a route of an HTTP API has one authorizer."
  }

  validation {
    condition     = var.producers_door == null ? true : can(regex("^[a-z][a-z0-9-]{1,61}[a-z0-9]$", var.producers_door.source))
    error_message = "producers_door.source must be a name without a dot, of 3 to 63 characters of a-z, 0-9 and '-', such as deploy-tools: the hosts that GitHub delivers from have dots, and what is unsigned must not pass for one."
  }

  validation {
    condition     = try(var.producers_door.jwt, null) == null ? true : can(regex("^https://[A-Za-z0-9.-]+(:[0-9]+)?(/[^?#[:space:]]*)?$", var.producers_door.jwt.issuer))
    error_message = "producers_door.jwt.issuer must be the https:// address that tokens name as iss, such as https://cognito-idp.<region>.amazonaws.com/<pool>; API Gateway reads <issuer>/.well-known/openid-configuration."
  }

  # A JWT authorizer looks at issuer, audience, times and scope, and at no other claim.
  validation {
    condition     = !contains(["https://token.actions.githubusercontent.com", "https://gitlab.com", "https://accounts.google.com"], try(trimsuffix(var.producers_door.jwt.issuer, "/"), ""))
    error_message = "producers_door.jwt.issuer gives everybody in the world a token, for any audience that he asks for. Use iam = true, and let your workflows take on a role that trusts them and nobody else."
  }

  validation {
    condition     = try(var.producers_door.jwt, null) == null ? true : length(var.producers_door.jwt.audience) > 0 && alltrue([for text in concat(var.producers_door.jwt.audience, var.producers_door.jwt.scopes) : length(trimspace(text)) > 0])
    error_message = "producers_door.jwt.audience needs at least one text, and neither it nor scopes an empty one: a token for somebody else must not open this door."
  }

  validation {
    condition     = var.producers_door == null ? true : var.producers_door.throttle.rate >= 1 && var.producers_door.throttle.rate <= 10000 && var.producers_door.throttle.burst >= 1 && var.producers_door.throttle.burst <= 5000
    error_message = "producers_door.throttle needs a rate of 1 to 10000 requests per second and a burst of 1 to 5000: those are the quotas of an account by default."
  }
}

variable "reserved_concurrency" {
  description = "Concurrent ingest invocations to reserve, which is also their limit: N answer at most 10 x N deliveries a second, more are refused, and GitHub never retries. -1 reserves nothing."
  type        = number
  default     = -1
  nullable    = false

  validation {
    condition     = var.reserved_concurrency == -1 || (var.reserved_concurrency >= 10 && floor(var.reserved_concurrency) == var.reserved_concurrency)
    error_message = "reserved_concurrency must be -1 (none) or a whole number of at least 10: fewer would refuse a normal burst of deliveries."
  }
}

variable "inline_limit_bytes" {
  description = "Largest entry, in bytes of detail, that goes through the bus whole; a larger one leaves its body in S3 first, as does one that the bus refuses for its size. Up to 240000 it fits in every bus, and in a dead-letter queue of 256 KiB; up to 950000 with dead_letter_max_bytes = 1048576."
  type        = number
  default     = 240000
  nullable    = false

  validation {
    condition     = var.inline_limit_bytes >= 10000 && var.inline_limit_bytes <= 950000 && floor(var.inline_limit_bytes) == var.inline_limit_bytes
    error_message = "inline_limit_bytes must be a whole number from 10000 to 950000: EventBridge and Firehose take no larger record."
  }

  # The queue's message is the event: the detail, its envelope, and attributes that say what failed.
  validation {
    condition     = var.inline_limit_bytes <= 240000 || var.dead_letter_max_bytes >= 1048576
    error_message = "inline_limit_bytes above 240000 would lose a large event that Firehose refuses, since the dead-letter queue takes 256 KiB: set dead_letter_max_bytes = 1048576 too (AWS provider 6.8 or newer), or at most 240000 here."
  }
}

variable "webhook_secret_version" {
  description = "Raise it by one to make a new webhook secret; the one before stays in Secrets Manager as AWSPREVIOUS."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.webhook_secret_version >= 1 && floor(var.webhook_secret_version) == var.webhook_secret_version
    error_message = "webhook_secret_version must be a whole number, 1 or more."
  }
}

variable "existing_secret_names" {
  description = "Names of Secrets Manager secrets, of this account and region, to accept as webhook secrets instead of one that the stack makes: for hooks that exist already. Several at once for a rotation."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.existing_secret_names : can(regex("^[A-Za-z0-9/_+=.@-]{1,512}$", name))])
    error_message = "existing_secret_names takes names, not ARNs: letters, digits and /_+=.@- only."
  }
}

variable "existing_secret_arns" {
  description = "ARNs of Secrets Manager secrets of other accounts, of this region, to accept as webhook secrets, beside existing_secret_names and instead of one that the stack makes. Their policy must let the ingest function's role read them, and their key goes into secret_key_arns. A plan can't see whether they are there."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.existing_secret_arns : can(regex("^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}$", arn))])
    error_message = "existing_secret_arns takes whole ARNs (arn:…:secretsmanager:<region>:<account>:secret:<name>-<six characters>); secrets of this account go into existing_secret_names, by name."
  }
}

variable "secret_json_key" {
  description = "Key of the webhook secret in existing secrets and parameters that are JSON objects, such as {\"webhook\": …}. Null: they are the secret itself."
  type        = string
  default     = null

  validation {
    condition     = var.secret_json_key == null || try(length(trimspace(var.secret_json_key)) > 0, false)
    error_message = "secret_json_key must be the name of a member, or null where a secret is no JSON."
  }

  validation {
    condition     = var.secret_json_key == null || length(var.existing_secret_names) + length(var.existing_secret_arns) + length(var.existing_parameter_names) > 0
    error_message = "secret_json_key is for secrets that exist: name them in existing_secret_names, existing_secret_arns or existing_parameter_names. The stack's own is no JSON."
  }
}

variable "existing_parameter_names" {
  description = "Names of SSM parameters (SecureString), of this account and region, to accept as webhook secrets, beside existing_secret_names and instead of one that the stack makes. Several at once for a rotation: a parameter counts with its current value only."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.existing_parameter_names : can(regex("^/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$", name)) && length(name) <= 1011])
    error_message = "existing_parameter_names takes names, not ARNs, such as /acme/webhook: letters, digits, '_', '.', '-' and '/'."
  }
}

variable "secret_key_arns" {
  description = "KMS keys that the existing secrets and parameters are encrypted with, where those are not AWS's own (aws/secretsmanager, aws/ssm need no entry)."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.secret_key_arns : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", arn))])
    error_message = "secret_key_arns must be ARNs of keys (arn:…:kms:<region>:<account>:key/<id>), not of aliases."
  }
}

variable "dead_letter_max_bytes" {
  description = "Largest message that the dead-letter queues take: an inline entry has to fit."
  type        = number
}
