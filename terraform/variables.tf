variable "name" {
  description = "Name of this stack: the beginning of every resource's name, so two stacks of one account need two names."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,26}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 28 characters of a-z, 0-9 and '-', begin with a letter and not end with '-': bucket names are built from it."
  }
}

variable "config_file" {
  description = "A YAML file with endpoints, secrets, routes and throttles, in place of the variables of the same names: see One file above. Null: none. What both the file and a variable set is an error."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags for every resource, beside octolake:stack."
  type        = map(string)
  default     = {}
}

# --- roles --------------------------------------------------------------------------------------

variable "role_path" {
  description = "IAM path of the stack's roles, such as /octolake/: what a policy for applying can be limited to. Choose it before the first apply; a change makes every role anew."
  type        = string
  default     = "/"

  validation {
    condition     = can(regex("^/([A-Za-z0-9_+=,.@-]+/)*$", var.role_path)) && length(var.role_path) <= 512
    error_message = "role_path must begin and end with '/', such as /octolake/: parts of letters, digits and _+=,.@- between them."
  }
}

variable "role_permissions_boundary" {
  description = "ARN of the managed policy that bounds what the stack's roles may do, whatever policies they get; apply-policy/boundary.json is one. Null: no boundary, for which the policies of apply-policy do not allow to apply."
  type        = string
  default     = null

  validation {
    condition     = var.role_permissions_boundary == null || can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.role_permissions_boundary))
    error_message = "role_permissions_boundary must be the ARN of a managed policy (arn:…:iam::<account>:policy/<name>), or null."
  }
}

# --- code ---------------------------------------------------------------------------------------

variable "ingest_zip" {
  description = "Path of the ingest function's zip (one executable, 'bootstrap'). Default: where cargo lambda leaves it in this repository."
  type        = string
  default     = null

  validation {
    condition     = var.ingest_zip == null || can(filesha256(var.ingest_zip))
    error_message = "ingest_zip names no readable file. Build the functions as terraform/START.md says, or correct the path."
  }
}

variable "compactor_zip" {
  description = "Path of the compactor function's zip (one executable, 'bootstrap'). Default: where cargo lambda leaves it in this repository."
  type        = string
  default     = null

  validation {
    condition     = var.compactor_zip == null || can(filesha256(var.compactor_zip))
    error_message = "compactor_zip names no readable file. Build the functions as terraform/START.md says, or correct the path."
  }
}

variable "code_in_s3" {
  description = "Zips in a bucket of this region, such as those of a release: for each function key, object_version where the bucket has versions, and the zip's sha256 in base64, which Lambda's own is held against. Null: ingest_zip and compactor_zip, or release_version."
  type        = object({ bucket = string, ingest = object({ key = string, object_version = optional(string), sha256 = string }), compactor = object({ key = string, object_version = optional(string), sha256 = string }) })
  default     = null

  validation {
    condition     = var.code_in_s3 == null ? true : alltrue([for zip in [var.code_in_s3.ingest, var.code_in_s3.compactor] : can(regex("^[A-Za-z0-9+/]{43}=$", zip.sha256))])
    error_message = "code_in_s3 needs the sha256 of each zip in base64, 44 characters: openssl dgst -sha256 -binary FILE.zip | base64."
  }

  validation {
    condition     = var.code_in_s3 == null || (var.ingest_zip == null && var.compactor_zip == null)
    error_message = "code_in_s3 and ingest_zip or compactor_zip name two codes for a function: leave one of them out."
  }
}

variable "release_version" {
  description = "Release whose zips the functions run, such as v1.2.3: fetched at the apply from release_url, and held against its SHA256SUMS (modules/release). Null: ingest_zip and compactor_zip, or code_in_s3."
  type        = string
  default     = null

  validation {
    condition     = var.release_version == null || can(regex("^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$", var.release_version))
    error_message = "release_version must be the name of a release, such as v1.2.3: letters, digits, '.', '_', '+' and '-'."
  }

  validation {
    condition     = var.release_version == null || (var.ingest_zip == null && var.compactor_zip == null && var.code_in_s3 == null)
    error_message = "release_version and ingest_zip, compactor_zip or code_in_s3 name two codes for a function: leave one of them out."
  }

  validation {
    condition     = (var.release_version == null) == (var.release_url == null)
    error_message = "release_version and release_url go together: release_url = \"https://github.com/<owner>/<repository>/releases/download\" and release_version = \"v1.2.3\"; without a release, leave out both."
  }
}

variable "release_url" {
  description = "Address below which releases are, such as https://github.com/<owner>/<repository>/releases/download: <release_url>/<release_version>/ has the zips and SHA256SUMS. Needed with release_version."
  type        = string
  default     = null

  validation {
    condition     = var.release_url == null || can(regex("^(https://[A-Za-z0-9.-]+|http://(localhost|127\\.0\\.0\\.1))(:[0-9]+)?(/[A-Za-z0-9._~+%-]+)*/?$", var.release_url))
    error_message = "release_url must be an https:// address without a query, such as https://github.com/<owner>/<repository>/releases/download (http:// for this machine only)."
  }
}

variable "tracing" {
  description = "Whether X-Ray traces the functions, which costs by the trace."
  type        = bool
  default     = false
}

variable "vpc" {
  description = "Subnets and security groups for the functions, which then reach AWS by NAT or by endpoints (events, s3, secretsmanager or ssm, logs, sqs). Null: none, which starts faster and costs nothing."
  type        = object({ subnet_ids = list(string), security_group_ids = list(string) })
  default     = null

  validation {
    condition     = var.vpc == null ? true : length(var.vpc.subnet_ids) > 0 && length(var.vpc.security_group_ids) > 0 && alltrue([for id in var.vpc.subnet_ids : startswith(id, "subnet-")]) && alltrue([for id in var.vpc.security_group_ids : startswith(id, "sg-")])
    error_message = "vpc needs at least one subnet (subnet-…) and one security group (sg-…), or null for no network of one's own."
  }
}

variable "log_level" {
  description = "Level from which the functions log: INFO, DEBUG or TRACE. The alarms count lines of INFO, so there is nothing above it."
  type        = string
  default     = "INFO"

  validation {
    condition     = contains(["INFO", "DEBUG", "TRACE"], var.log_level)
    error_message = "log_level must be INFO, DEBUG or TRACE: with WARN or ERROR the lines that the alarms count would be missing."
  }
}

variable "architecture" {
  description = "Processor that both zips were built for: arm64 (cheaper) or x86_64."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be arm64 or x86_64, as the zips were built."
  }
}

# --- front door ---------------------------------------------------------------------------------

variable "front_door" {
  description = "What GitHub calls: 'function-url' (free) or 'http-api' (throttling and access logs, 1 dollar per million requests). Null: function-url, or what config_file says."
  type        = string
  default     = null
}

variable "throttle" {
  description = "Requests per second and burst that the HTTP API lets through. The default rate is what Firehose takes by default in most regions, 1 MiB a second: some 68 deliveries of 15 KB. GitHub never retries, so stay above your peak, and raise both quotas together. Null: rate 65, burst 5000, or what config_file says."
  type        = object({ rate = optional(number, 65), burst = optional(number, 5000) })
  default     = null
}

variable "domain" {
  description = "A name of one's own for the HTTP API, and the ARN of its certificate in ACM, of this region. Point a CNAME (or an alias) at the output domain_target. Null: AWS's name. config_file may say it too."
  type        = object({ name = string, certificate_arn = string })
  default     = null
}

variable "reserved_concurrency" {
  description = "Concurrent ingest invocations to reserve, which is also their limit: N answer at most 10 x N deliveries a second, more are refused, and GitHub never retries. -1 reserves nothing. Null: -1, or what config_file says."
  type        = number
  default     = null
}

variable "ingest_memory_mb" {
  description = "Memory of the ingest function in MB; its share of a processor grows with it."
  type        = number
  default     = 256

  validation {
    condition     = var.ingest_memory_mb >= 128 && var.ingest_memory_mb <= 10240 && floor(var.ingest_memory_mb) == var.ingest_memory_mb
    error_message = "ingest_memory_mb must be a whole number from 128 to 10240."
  }
}

variable "events" {
  description = "GitHub event types to take; every other one is answered 202 and ignored. Empty: all."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for type in var.events : can(regex("^[a-z][a-z0-9_]{0,63}$", type))])
    error_message = "events must be GitHub's own names, such as workflow_job or pull_request."
  }
}

variable "ignore_events" {
  description = "GitHub event types to answer with 202 and ignore."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for type in var.ignore_events : can(regex("^[a-z][a-z0-9_]{0,63}$", type))])
    error_message = "ignore_events must be GitHub's own names, such as check_run or status."
  }
}

variable "repositories" {
  description = "Repositories to take, as owner/name or owner/*; deliveries of every other one are answered 202 and ignored. Empty: all."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for repo in var.repositories : can(regex("^[A-Za-z0-9_.-]+/([A-Za-z0-9_.-]+|\\*)$", repo))])
    error_message = "repositories must be written owner/name, or owner/* for all of an owner."
  }
}

variable "ignore_repositories" {
  description = "Repositories, as owner/name or owner/*, whose deliveries are answered 202 and ignored; stronger than repositories."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for repo in var.ignore_repositories : can(regex("^[A-Za-z0-9_.-]+/([A-Za-z0-9_.-]+|\\*)$", repo))])
    error_message = "ignore_repositories must be written owner/name, or owner/* for all of an owner."
  }
}

variable "inline_limit_bytes" {
  description = "Largest entry, in bytes of detail, that goes through the bus whole; a larger one leaves its body in S3 first, as does one that the bus refuses for its size. Up to 240000 it fits in every bus, and in a dead-letter queue of 256 KiB; up to 950000 with dead_letter_max_bytes = 1048576. Null: 240000, or what config_file says."
  type        = number
  default     = null
}

variable "dead_letter_max_bytes" {
  description = "Largest message that the dead-letter queues take: 262144, or 1048576, which the AWS provider accepts from 6.8 on (an older one says so at the plan)."
  type        = number
  default     = 262144

  validation {
    condition     = contains([262144, 1048576], var.dead_letter_max_bytes)
    error_message = "dead_letter_max_bytes must be 262144 (256 KiB) or 1048576 (1 MiB, AWS provider 6.8 or newer)."
  }
}

variable "webhook_secret_version" {
  description = "Raise it by one to make a new webhook secret; the one before stays in Secrets Manager as AWSPREVIOUS. Null: 1, or what config_file says."
  type        = number
  default     = null
}

variable "existing_secret_names" {
  description = "Names of Secrets Manager secrets, of this account and region, to accept as webhook secrets instead of one that the stack makes: for hooks that exist already. Several at once for a rotation. Null: none, or what config_file says."
  type        = list(string)
  default     = null
}

variable "existing_secret_arns" {
  description = "ARNs of Secrets Manager secrets of other accounts, of this region, to accept as webhook secrets, beside existing_secret_names and instead of one that the stack makes. Their policy must let the ingest function's role read them, and their key goes into secret_key_arns. A plan can't see whether they are there. Null: none, or what config_file says."
  type        = list(string)
  default     = null
}

variable "secret_json_key" {
  description = "Key of the webhook secret in existing secrets and parameters that are JSON objects, such as {\"webhook\": …}. Null: they are the secret itself. config_file may say it too."
  type        = string
  default     = null
}

variable "existing_parameter_names" {
  description = "Names of SSM parameters (SecureString), of this account and region, to accept as webhook secrets, beside existing_secret_names and instead of one that the stack makes. Several at once for a rotation: a parameter counts with its current value only. Null: none, or what config_file says."
  type        = list(string)
  default     = null
}

variable "secret_key_arns" {
  description = "KMS keys that the existing secrets and parameters are encrypted with, where those are not AWS's own (aws/secretsmanager, aws/ssm need no entry). Null: none, or what config_file says."
  type        = list(string)
  default     = null
}

# --- bus ----------------------------------------------------------------------------------------

variable "existing_bus_name" {
  description = "An event bus of this account and region to use, such as 'default'. Null: the stack makes its own."
  type        = string
  default     = null

  validation {
    condition     = var.existing_bus_name == null || can(regex("^[A-Za-z0-9._/-]{1,256}$", var.existing_bus_name))
    error_message = "existing_bus_name must be the name of an event bus (not its ARN), or null."
  }
}

variable "archive_days" {
  description = "Days for which the bus's archive keeps the events of archive_events for replay; 0: for ever; null: no archive. The raw zone keeps every event anyway."
  type        = number
  default     = 7

  validation {
    condition     = var.archive_days == null ? true : var.archive_days >= 0 && var.archive_days <= 3650 && floor(var.archive_days) == var.archive_days
    error_message = "archive_days must be null (no archive) or a whole number from 0 (for ever) to 3650."
  }
}

variable "archive_events" {
  description = "GitHub event types that the archive keeps for replay; empty: all. It is paid by the GB, so naming those that consumers beside the lake act on can halve the bill (COST.md)."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for type in var.archive_events : can(regex("^[a-z][a-z0-9_]{0,63}$", type))])
    error_message = "archive_events must be GitHub's own names, such as workflow_job or pull_request."
  }
}

variable "log_events" {
  description = "Whether a route named log writes every event to a CloudWatch log group. Handy at the start, dear at volume: see COST.md."
  type        = bool
  default     = false
}

variable "schemas" {
  description = "Schemas in EventBridge: registry makes one for schemas of your own; discoverer has EventBridge write those of the events that it sees into its registry discovered-schemas, from which it makes code bindings. Both off: the lake needs neither, and discovery costs beyond 5 million events a month (COST.md)."
  type        = object({ registry = optional(bool, false), discoverer = optional(bool, false) })
  default     = {}

  validation {
    condition     = !(var.schemas.discoverer && contains(var.kms_key_parts, "bus"))
    error_message = "schemas.discoverer does not work on a bus with a key of one's own, whose events EventBridge may not read: take bus out of kms_key_parts, or leave discoverer out."
  }
}

variable "routes" {
  description = "Which events go to whom beside the lake, by the route's name: see Routes above for what a route holds. It is of any type, so that a key that no route has is an error and not dropped."
  type        = any
  default     = {}

  validation {
    condition     = can(keys(var.routes))
    error_message = "routes must be an object of routes by name, such as { fleet = { events = [\"workflow_job\"], target = { type = \"sqs\" } } }."
  }

  validation {
    condition     = !(var.log_events && can(var.routes["log"]))
    error_message = "routes has a route named log, which is the name of the one that log_events makes: choose another name, or leave log_events out."
  }
}

# --- lake ---------------------------------------------------------------------------------------

variable "bucket_name" {
  description = "Name of the lake's bucket, which the stack makes. Null: <name>-<account>-<region>."
  type        = string
  default     = null

  validation {
    condition     = var.bucket_name == null || can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket_name))
    error_message = "bucket_name must be 3 to 63 characters of a-z, 0-9 and '-'; a dot breaks TLS to the bucket."
  }
}

variable "adopt_bucket" {
  description = "Whether the lake's bucket is one that is there already, such as that of a stack whose state is lost: then import it before the apply (START.md, step 9). What is in it stays."
  type        = bool
  default     = false
}

variable "kms_key_arn" {
  description = "KMS key for the lake's bucket, the webhook secret and the tables of routes. Null: S3's own keys (SSE-S3), Secrets Manager's and DynamoDB's."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key (arn:…:kms:<region>:<account>:key/<id>), not of an alias."
  }
}

variable "kms_key_parts" {
  description = "What kms_key_arn is for beside bucket, secret and tables of routes: bus, queues (and topics of routes). Its policy must let events.amazonaws.com use it."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for part in var.kms_key_parts : contains(["bus", "queues"], part)])
    error_message = "kms_key_parts takes bus and queues. Logs have log_kms_key_arn; for archives the AWS provider has no argument at 5.100."
  }

  validation {
    condition     = length(var.kms_key_parts) == 0 || var.kms_key_arn != null
    error_message = "kms_key_parts says what kms_key_arn is for: set that too."
  }
}

variable "buffer" {
  description = "When Firehose closes a raw object: at so many MB of uncompressed events or after so many seconds, whichever comes first."
  type        = object({ mb = optional(number, 64), seconds = optional(number, 300) })
  default     = {}

  validation {
    condition     = var.buffer.mb >= 1 && var.buffer.mb <= 128 && var.buffer.seconds >= 0 && var.buffer.seconds <= 900 && alltrue([for n in values(var.buffer) : floor(n) == n])
    error_message = "buffer takes whole numbers: mb from 1 to 128 and seconds from 0 to 900."
  }
}

variable "raw_cold_after_days" {
  description = "Days after which raw objects and claim-checked bodies move to Glacier Instant Retrieval, which reads as fast and costs a sixth. 0: never."
  type        = number
  default     = 90

  validation {
    condition     = var.raw_cold_after_days >= 0 && floor(var.raw_cold_after_days) == var.raw_cold_after_days
    error_message = "raw_cold_after_days must be a whole number of days, or 0 for never."
  }
}

variable "old_version_days" {
  description = "Days for which S3 keeps what was overwritten or deleted in the lake: the time in which a mistake can be undone."
  type        = number
  default     = 30

  validation {
    condition     = var.old_version_days >= 1 && floor(var.old_version_days) == var.old_version_days
    error_message = "old_version_days must be a whole number of days, 1 or more."
  }
}

variable "force_destroy" {
  description = "Whether 'terraform destroy' may delete a lake that is not empty, and the secret without its recovery window."
  type        = bool
  default     = false
}

variable "tls_only" {
  description = "Whether the bucket and the queues refuse requests without TLS. False only for emulators, which ignore the policy's condition and would refuse everything."
  type        = bool
  default     = true
}

# --- compactor ----------------------------------------------------------------------------------

variable "compact_schedule" {
  description = "When the compactor runs: rate(…) or cron(…) of six fields, as EventBridge Scheduler writes it. Rarer than backlog_alarm_hours, and the alarm compactor-silent stays on: raise that too."
  type        = string
  default     = "rate(15 minutes)"

  validation {
    condition     = can(regex("^(rate\\((1 (minute|hour|day)|[1-9][0-9]* (minutes|hours|days))\\)|cron\\([0-9A-Za-z*?,/#-]+( [0-9A-Za-z*?,/#-]+){5}\\))$", var.compact_schedule))
    error_message = "compact_schedule must look like rate(1 hour), rate(15 minutes) or cron(0 * * * ? *), which has six fields: minutes, hours, day of month, month, day of week, year."
  }
}

variable "compact_timezone" {
  description = "Time zone of a cron(…) schedule, after the tz database. AWS checks at the apply that there is such a one."
  type        = string
  default     = "UTC"

  validation {
    condition     = can(regex("^[A-Za-z]+([/_+-][A-Za-z0-9_+-]+)*$", var.compact_timezone))
    error_message = "compact_timezone must be a name of the tz database, such as UTC or Europe/Berlin."
  }
}

variable "compact_window_minutes" {
  description = "Minutes by which Scheduler may start a run late, to spread load. 0: on time."
  type        = number
  default     = 0

  validation {
    condition     = var.compact_window_minutes >= 0 && var.compact_window_minutes <= 1440 && floor(var.compact_window_minutes) == var.compact_window_minutes
    error_message = "compact_window_minutes must be a whole number from 0 to 1440."
  }
}

variable "compactor_memory_mb" {
  description = "Memory of the compactor in MB. Its peak is under 512 for any input; at least 768, with what the function itself needs. 1769 is one whole processor."
  type        = number
  default     = 1769

  validation {
    condition     = var.compactor_memory_mb >= 768 && var.compactor_memory_mb <= 10240 && floor(var.compactor_memory_mb) == var.compactor_memory_mb
    error_message = "compactor_memory_mb must be a whole number from 768 to 10240: with less the compactor could run out of memory."
  }
}

variable "compactor_timeout_seconds" {
  description = "Time limit of one run in seconds. A run stops by itself before it, and the next goes on."
  type        = number
  default     = 900

  validation {
    condition     = var.compactor_timeout_seconds >= 60 && var.compactor_timeout_seconds <= 900 && floor(var.compactor_timeout_seconds) == var.compactor_timeout_seconds
    error_message = "compactor_timeout_seconds must be a whole number from 60 to 900."
  }
}

variable "target_file_mb" {
  description = "Size towards which the compactor merges the lake's files, in MB."
  type        = number
  default     = 128

  validation {
    condition     = var.target_file_mb >= 8 && var.target_file_mb <= 1024 && floor(var.target_file_mb) == var.target_file_mb
    error_message = "target_file_mb must be a whole number from 8 to 1024."
  }
}

# --- Athena -------------------------------------------------------------------------------------

variable "athena_scan_limit_gb" {
  description = "GB that one Athena query may read before it is stopped (5 dollars per TB)."
  type        = number
  default     = 100

  validation {
    condition     = var.athena_scan_limit_gb >= 1 && floor(var.athena_scan_limit_gb) == var.athena_scan_limit_gb
    error_message = "athena_scan_limit_gb must be a whole number, 1 or more."
  }
}

variable "glue_columns" {
  description = "Whether the table events has its columns in Glue: Lake Formation and views in Athena want that. They are those of this version's table; a table that an older version made may have fewer. False: Athena reads them from the table's own log."
  type        = bool
  default     = false
}

variable "raw_since" {
  description = "First day, yyyy/mm/dd, that the table events_raw looks for: a query without a filter on its day lists every day from here."
  type        = string
  default     = "2026/01/01"

  validation {
    condition     = can(formatdate("YYYY", "${replace(var.raw_since, "/", "-")}T00:00:00Z")) && can(regex("^[0-9]{4}/[0-9]{2}/[0-9]{2}$", var.raw_since))
    error_message = "raw_since must be a day, written yyyy/mm/dd."
  }
}

# --- watching -----------------------------------------------------------------------------------

variable "alarm_topic_arns" {
  description = "SNS topics that are told when an alarm goes off. Empty: the alarms show in CloudWatch only."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.alarm_topic_arns : can(regex("^arn:[a-z-]+:sns:", arn))])
    error_message = "alarm_topic_arns must be ARNs of SNS topics (arn:…:sns:…)."
  }
}

variable "alarm_ends_too" {
  description = "Whether the topics are told when an alarm is over, too; then each alarm also sends a message at the first apply, when it leaves the state without data."
  type        = bool
  default     = false
}

variable "quiet_alarm_days" {
  description = "Days without any request after which the alarm door-quiet goes off: a hook that was disabled fails silently. More than the longest time without work, such as a weekend; 0: never."
  type        = number
  default     = 3

  validation {
    condition     = var.quiet_alarm_days >= 0 && var.quiet_alarm_days <= 7 && floor(var.quiet_alarm_days) == var.quiet_alarm_days
    error_message = "quiet_alarm_days must be a whole number from 1 to 7 (CloudWatch looks back no further), or 0 for no such alarm."
  }
}

variable "backlog_alarm_hours" {
  description = "Age in hours of the oldest event that is not in the lake's table yet, at which an alarm goes off; also the hours without a run after which compactor-silent does. Not less than the time between two runs: 24 for a daily schedule."
  type        = number
  default     = 6

  validation {
    condition     = var.backlog_alarm_hours >= 1 && var.backlog_alarm_hours <= 24 && floor(var.backlog_alarm_hours) == var.backlog_alarm_hours
    error_message = "backlog_alarm_hours must be a whole number from 1 to 24: EventBridge and Firehose retry for a day, and no longer."
  }
}

variable "log_retention_days" {
  description = "Days for which CloudWatch keeps the logs."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be one of CloudWatch's own: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "log_kms_key_arn" {
  description = "KMS key for the log groups, whose policy lets logs.<region>.amazonaws.com use it. Null: CloudWatch's own."
  type        = string
  default     = null

  validation {
    condition     = var.log_kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.log_kms_key_arn))
    error_message = "log_kms_key_arn must be the ARN of a key (arn:…:kms:<region>:<account>:key/<id>), not of an alias."
  }
}
