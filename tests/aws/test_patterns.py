"""Event patterns: AWS's published examples against the local AWS's matcher, and what EventBridge would
refuse against the module that says so at the plan.

The examples are those of EventBridge's guide ("Creating event patterns", "Comparison operators"), with what
it says of them.
"""

import json

import pytest

from localaws import patterns
from localaws.stack import Stack

EC2 = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "time": "2017-12-22T18:43:48Z",
    "region": "us-west-1",
    "resources": ["arn:aws:ec2:us-west-1:123456789012:instance/i-1234567890abcdef0", "arn:aws:ec2:us-east-1:111122223333:instance/i-b188560f"],
    "detail": {"instance-id": "i-1234567890abcdef0", "state": "terminated", "c-count": 5, "d-count": 3, "x-limit": 301.8},
}


def detail(**members):
    return {"detail": members}


MATCHING = [
    # values, and members that all have to match
    ({"source": ["aws.ec2"], "detail-type": ["EC2 Instance State-change Notification"], "detail": {"state": ["terminated"]}}, EC2, True),
    ({"source": ["aws.ec2"], "detail": {"state": ["running"]}}, EC2, False),
    ({"source": ["aws.ec2", "aws.fargate"]}, EC2, True),
    ({"resources": ["arn:aws:ec2:us-east-1:111122223333:instance/i-b188560f"]}, EC2, True),
    ({"resources": ["arn:aws:ec2:us-east-1:111122223333:instance/i-b18856"]}, EC2, False),
    ({"detail": {"responseElements": [None]}}, detail(responseElements=None), True),
    ({"detail": {"responseElements": [None]}}, detail(), False),
    ({"detail": {"eventVersion": [""]}}, detail(eventVersion=""), True),
    ({"detail": {"eventVersion": [""]}}, detail(eventVersion=None), False),
    # prefix, suffix, whatever the case
    ({"time": [{"prefix": "2017-12-22"}]}, EC2, True),
    ({"time": [{"prefix": "2017-10-02"}]}, EC2, False),
    ({"detail": {"service": [{"prefix": {"equals-ignore-case": "EventB"}}]}}, detail(service="eventbridge"), True),
    ({"detail": {"service": [{"prefix": "EventB"}]}}, detail(service="eventbridge"), False),
    ({"detail": {"FileName": [{"suffix": ".png"}]}}, detail(FileName="a.png"), True),
    ({"detail": {"FileName": [{"suffix": ".png"}]}}, detail(FileName="a.PNG"), False),
    ({"detail": {"FileName": [{"suffix": {"equals-ignore-case": ".png"}}]}}, detail(FileName="a.PNG"), True),
    ({"detail-type": [{"equals-ignore-case": "ec2 instance state-change notification"}]}, EC2, True),
    # anything-but
    ({"detail": {"state": [{"anything-but": "initializing"}]}}, EC2, True),
    ({"detail": {"state": [{"anything-but": "terminated"}]}}, EC2, False),
    ({"detail": {"x-limit": [{"anything-but": 123}]}}, EC2, True),
    ({"detail": {"state": [{"anything-but": ["stopped", "overloaded"]}]}}, detail(state="stopped"), False),
    ({"detail": {"x-limit": [{"anything-but": [100, 200, 300]}]}}, detail(**{"x-limit": 200}), False),
    ({"detail": {"state": [{"anything-but": {"equals-ignore-case": ["initializing", "stopped"]}}]}}, detail(state="INITIALIZING"), False),
    ({"detail": {"state": [{"anything-but": {"prefix": "init"}}]}}, detail(state="initializing"), False),
    ({"detail": {"state": [{"anything-but": {"prefix": ["init", "error"]}}]}}, EC2, True),
    ({"detail": {"FileName": [{"anything-but": {"suffix": ".txt"}}]}}, detail(FileName="a.txt"), False),
    ({"detail": {"FilePath": [{"anything-but": {"wildcard": ["*/lib/*", "*/bin/*"]}}]}}, detail(FilePath="/usr/bin/x"), False),
    ({"detail": {"FilePath": [{"anything-but": {"wildcard": ["*/lib/*", "*/bin/*"]}}]}}, detail(FilePath="/usr/share/x"), True),
    ({"detail": {"state": [{"anything-but": "initializing"}]}}, detail(), False),
    # numeric
    ({"detail": {"c-count": [{"numeric": [">", 0, "<=", 5]}], "d-count": [{"numeric": ["<", 10]}], "x-limit": [{"numeric": ["=", 3.018e2]}]}}, EC2, True),
    ({"detail": {"c-count": [{"numeric": [">", 5]}]}}, EC2, False),
    ({"detail": {"c-count": [{"numeric": ["=", 5]}]}}, detail(**{"c-count": "5"}), False),
    ({"detail": {"n": [300]}}, detail(n=300.0), False),
    # addresses
    ({"detail": {"sourceIPAddress": [{"cidr": "10.0.0.0/24"}]}}, detail(sourceIPAddress="10.0.0.255"), True),
    ({"detail": {"sourceIPAddress": [{"cidr": "10.0.0.0/24"}]}}, detail(sourceIPAddress="10.0.1.0"), False),
    ({"detail": {"sourceIPAddress": [{"cidr": "10.0.0.0/24"}]}}, detail(sourceIPAddress="somewhere"), False),
    # exists: of members that are no objects
    ({"detail": {"state": [{"exists": True}]}}, EC2, True),
    ({"detail": {"c-count": [{"exists": False}]}}, EC2, False),
    ({"detail": {"gone": [{"exists": False}]}}, EC2, True),
    ({"detail": [{"exists": True}]}, EC2, False),
    # wildcard
    ({"detail": {"EventName": [{"wildcard": "dir/*.png"}]}}, detail(EventName="dir/a/b.png"), True),
    ({"detail": {"EventName": [{"wildcard": "dir/*.png"}]}}, detail(EventName="dirs/a.png"), False),
    ({"detail": {"EventName": [{"wildcard": "a.c*"}]}}, detail(EventName="abcd"), False),
    # $or, within and beside
    ({"detail": {"$or": [{"c-count": [{"numeric": [">", 10]}]}, {"d-count": [{"numeric": ["<", 8]}]}, {"x-limit": [{"numeric": ["=", 3.018e2]}]}]}}, EC2, True),
    ({"detail": {"$or": [{"c-count": [{"numeric": [">", 10]}]}, {"d-count": [{"numeric": [">", 8]}]}]}}, EC2, False),
    ({"source": ["aws.ec2"], "$or": [{"region": ["us-west-1"]}, {"detail": {"state": ["running"]}}]}, EC2, True),
    ({"source": ["aws.s3"], "$or": [{"region": ["us-west-1"]}, {"detail": {"state": ["running"]}}]}, EC2, False),
    # lists of objects, and what is deeper than it is looked for
    ({"detail": {"commits": {"author": ["ann"]}}}, detail(commits=[{"author": "bob"}, {"author": "ann"}]), True),
    ({"detail": {"commits": {"author": ["ann"]}}}, detail(commits=[{"author": "bob"}]), False),
    ({"detail": {"state": {"deeper": ["x"]}}}, EC2, False),
    ({"detail": {"flag": [True]}}, detail(flag=1), False),
]


@pytest.mark.parametrize(("pattern", "event", "matching"), MATCHING, ids=lambda value: json.dumps(value)[:80] if isinstance(value, dict) else None)
def test_an_event_is_of_a_pattern_as_the_guide_says(pattern, event, matching):
    assert patterns.matches(pattern, event) is matching


def test_an_operator_that_the_matcher_does_not_know_is_an_error():
    with pytest.raises(KeyError, match="contains"):
        patterns.matches({"source": [{"contains": "ec2"}]}, EC2)


REFUSED = [
    ({"details": {"state": ["x"]}}, "p.details: an event has no such member, so nothing would match;"),
    ({}, "p: is empty; name at least one member, or leave it out."),
    ({"detail": {}}, "p.detail: is empty; name at least one member"),
    ({"detail": {"state": "x"}}, 'p.detail.state: must be a list of what may match, such as ["value"] or [{ prefix = "v" }], and is "x".'),
    ({"source": "x"}, "p.source: must be a list of what may match"),
    ({"source": []}, "p.source: is an empty list, which matches nothing; EventBridge refuses it."),
    ({"source": [["x"]]}, "p.source[0]: a list within a list; write its values into the outer one."),
    ({"source": ["y", {"prefix": "a", "suffix": "b"}]}, "p.source[1]: takes one operator, and has prefix and suffix"),
    ({"source": [{}]}, "p.source[0]: takes one operator, and has none"),
    ({"source": [{"contains": "x"}]}, "p.source[0]: there is no operator contains; there are prefix, suffix, anything-but, exists,"),
    ({"source": [{"prefix": 5}]}, "p.source[0].prefix: takes a text, or {equals-ignore-case = text}, and is 5."),
    ({"source": [{"suffix": {"prefix": "x"}}]}, "p.source[0].suffix: takes a text"),
    ({"source": [{"equals-ignore-case": ["x"]}]}, "p.source[0].equals-ignore-case: takes a text, and is"),
    ({"source": [{"exists": "true"}]}, "p.source[0].exists: takes true or false"),
    ({"detail": {"n": [{"numeric": ["~", 1]}]}}, "p.detail.n[0].numeric: takes a comparison such as"),
    ({"detail": {"n": [{"numeric": [">", "1"]}]}}, "p.detail.n[0].numeric: takes a comparison such as"),
    ({"detail": {"n": [{"numeric": [">"]}]}}, "p.detail.n[0].numeric: takes a comparison such as"),
    ({"detail": {"n": [{"anything-but": {"numeric": [">", 1]}}]}}, "p.detail.n[0].anything-but: takes texts, numbers, or one of prefix,"),
    ({"detail": {"n": [{"anything-but": []}]}}, "p.detail.n[0].anything-but: takes texts"),
    ({"detail": {"n": [{"cidr": "10.0.0.0"}]}}, "p.detail.n[0].cidr: takes a range of addresses such as 10.0.0.0/24"),
    ({"detail": {"n": [{"cidr": "10.0.0.0/33"}]}}, "p.detail.n[0].cidr: is no range of addresses"),
    ({"detail": {"n": [{"wildcard": "a**b"}]}}, "p.detail.n[0].wildcard: two * in a row"),
    ({"$or": [{"source": ["x"]}]}, "p.$or: must be a list of two or more patterns."),
    ({"detail": {"$or": "x"}}, "p.detail.$or: must be a list of two or more patterns."),
    ({"detail": {"$or": [{"a": "x"}, {"b": ["y"]}]}}, "p.detail.$or[0].a: must be a list of what may match"),
    ({"detail": {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": ["x"]}}}}}}}}}, "is deeper than eight members"),
    ({"detail": {"state": ["x" * 2050]}}, "characters, and EventBridge takes 2048;"),
]


@pytest.fixture(scope="module")
def said(aws):
    """What modules/pattern says of each pattern above: of those that AWS published, and of the refused. Its root
    stands in a folder that has no files of Terraform."""
    stack = Stack(aws, root="terraform/tests/queries")
    (stack.root / "all.tf").write_text("""
variable "patterns" { type = list(string) }
module "one" {
  source  = "../../modules/pattern"
  count   = length(var.patterns)
  path    = "p"
  pattern = var.patterns[count.index]
}
output "said" { value = module.one[*].problems }
""")
    given = [json.dumps(pattern) for pattern, *_ in MATCHING + REFUSED]
    (stack.root / "terraform.tfvars.json").write_text(json.dumps({"patterns": given}))
    stack.run("init", "-input=false")
    return stack.apply()["said"]


def test_what_aws_published_is_taken(said):
    assert [problems for problems in said[: len(MATCHING)] if problems] == []


@pytest.mark.parametrize(("at", "sentence"), list(enumerate(sentence for _, sentence in REFUSED)))
def test_what_eventbridge_would_refuse_is_told(said, at, sentence):
    assert any(sentence in problem for problem in said[len(MATCHING) + at])
