"""A local AWS for tests: moto's server, and what moto leaves out.

moto carries the control plane, S3, Secrets Manager, SQS and the rest. This package patches it, in
its own process, where data flows:

    bus        PutEvents with AWS's limits; rules, input transformers, dead letters, archives
    patterns   what an event pattern matches
    targets    what rules send to: Firehose, Lambda, SNS, SQS, logs, workflows, tasks, APIs
    states     express workflows of tasks, in JSONata
    firehose   buffers, prefixes with timestamps, gzip, delimiter
    functions  the very zip that was uploaded, run against Lambda's Runtime API
    metrics    figures of the services and of log lines, and alarms that look at them
    gateway    function URLs and HTTP APIs (payload 2.0), and the tests' own controls
    calls      which actions were called, for the policy that an apply needs
    policies   what an IAM policy allows, conditions included
    permissions  IAM for functions' roles, and for principals that a test makes known
    gaps       a few calls of Terraform's that moto does not answer
    stack      Terraform itself, on a working copy, with a provider for all this

IAM is asked for two kinds of callers: functions, by their role's policies and its boundary, and
keys that a test has given policies. Everybody else may do anything.
"""

from localaws.server import LocalAws

__all__ = ["LocalAws"]
