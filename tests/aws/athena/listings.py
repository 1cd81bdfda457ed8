"""Which prefixes S3 was asked to list, while somebody looks."""

from contextlib import contextmanager
from unittest import mock

from moto.s3.responses import S3Response

ACTIONS = ("list_objects", "list_objects_v2")


@contextmanager
def recorded():
    """A list that grows by the prefix of each LIST of objects."""
    prefixes = []

    def recording(answer):
        def list_objects(self):
            prefixes.append(self.querystring.get("prefix", [""])[0])
            return answer(self)

        return list_objects

    patches = [mock.patch.object(S3Response, name, recording(getattr(S3Response, name))) for name in ACTIONS]
    for patch in patches:
        patch.start()
    try:
        yield prefixes
    finally:
        for patch in patches:
            patch.stop()
