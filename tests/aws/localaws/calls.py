"""Which actions of AWS were called: what a policy has to allow."""

import re

from moto.core.responses import BaseResponse

# moto's name of a service or an action, where IAM has another.
SERVICES = {"awslambda": "lambda", "resourcegroupstaggingapi": "tag", "apigatewayv2": "apigateway", "stepfunctions": "states"}
ACTIONS = {
    "s3:HeadBucket": "s3:ListBucket",
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3:PutBucketNotificationConfiguration": "s3:PutBucketNotification",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:GetBucketReplication": "s3:GetReplicationConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:DeletePublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3:DeleteObjects": "s3:DeleteObject",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:ListObjectsV2": "s3:ListBucket",
    "lambda:Invoke": "lambda:InvokeFunction",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
}
# API Gateway's permissions are HTTP's methods, but for tags.
METHODS = {"Create": "POST", "Get": "GET", "Update": "PATCH", "Delete": "DELETE"}

seen = set()


def name(service, action):
    """An action as IAM names it."""
    found = f"{SERVICES.get(service, service)}:{action}"
    verb = re.fullmatch("apigateway:(Create|Get|Update|Delete)[A-Za-z]+", found)
    return f"apigateway:{METHODS[verb[1]]}" if verb else ACTIONS.get(found, found)


def record(service, action):
    seen.add(name(service, action))


def install():
    """moto asks these two about every request, also where it checks no permission."""

    def normal(self, *args, ask=BaseResponse._authenticate_and_authorize_normal_action, **kwargs):
        record(self.service_name, self._get_action())
        return ask(self, *args, **kwargs)

    def s3(self, *args, ask=BaseResponse._authenticate_and_authorize_s3_action, **kwargs):
        record("s3", self.data.get("Action"))
        return ask(self, *args, **kwargs)

    BaseResponse._authenticate_and_authorize_normal_action = normal
    BaseResponse._authenticate_and_authorize_s3_action = s3
