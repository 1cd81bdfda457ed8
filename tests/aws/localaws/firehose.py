"""Firehose to S3: buffers by size and time, prefixes with timestamps, delimiter and gzip."""

import gzip
import re
import threading
import time
import uuid
from datetime import UTC, datetime

from moto.core.exceptions import JsonRESTError
from moto.firehose.models import FirehoseBackend
from moto.s3.models import s3_backends

from localaws import metrics

RECORD_LIMIT = 1000 * 1024
BATCH_LIMIT = 4 * 1024 * 1024
JAVA_FORMATS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}

_lock = threading.RLock()
_buffers = {}


class Buffer:
    """What one stream holds: records, their size, and when the oldest of them came."""

    def __init__(self, backend, stream):
        self.backend, self.stream = backend, stream
        self.records, self.size, self.oldest = [], 0, None

    @property
    def destination(self):
        return next(d["ExtendedS3"] for d in self.stream.destinations if "ExtendedS3" in d)

    def hints(self):
        hints = self.destination.get("BufferingHints", {})
        return hints.get("SizeInMBs", 5) * 1024 * 1024, hints.get("IntervalInSeconds", 300)

    def add(self, data):
        self.oldest = self.oldest or datetime.now(UTC)
        self.records.append(data + delimiter(self.destination))
        self.size += len(data)
        if self.size >= self.hints()[0]:
            self.flush()

    def is_due(self, now):
        return bool(self.records) and (now - self.oldest).total_seconds() >= self.hints()[1]

    def flush(self):
        """Writes what is held as one object, and gives its key; None if nothing is held."""
        if not self.records:
            return None
        body, key = b"".join(self.records), self.key()
        if self.destination.get("CompressionFormat") == "GZIP":
            body, key = gzip.compress(body), key + ".gz"
        bucket = self.destination["BucketARN"].split(":::")[1]
        s3_backends[self.backend.account_id][self.backend.partition].put_object(bucket, key, body)
        self.records, self.size, self.oldest = [], 0, None
        return key

    def key(self):
        stamp = datetime.now(UTC).strftime("%Y-%m-%d-%H-%M-%S")
        prefix = expand(self.destination.get("Prefix", ""), self.oldest)
        return f"{prefix}{self.stream.delivery_stream_name}-{self.stream.version_id}-{stamp}-{uuid.uuid4()}"


def delimiter(destination):
    """What is put after each record: nothing, unless the stream has a processor for it."""
    processing = destination.get("ProcessingConfiguration", {})
    for processor in processing.get("Processors", []) if processing.get("Enabled") else []:
        if processor["Type"] == "AppendDelimiterToRecord":
            values = [p["ParameterValue"] for p in processor.get("Parameters", []) if p["ParameterName"] == "Delimiter"]
            return (values[0] if values else "\\n").encode().decode("unicode_escape").encode()
    return b""


def expand(prefix, at):
    """A prefix with its !{timestamp:…} replaced; without any, AWS adds the hour itself."""
    if "!{" not in prefix:
        return prefix + at.strftime("%Y/%m/%d/%H/")

    def replace(found):
        return re.sub(r"yyyy|MM|dd|HH|mm|ss", lambda part: at.strftime(JAVA_FORMATS[part[0]]), found[1])

    return re.sub(r"!\{timestamp:([^}]*)\}", replace, prefix)


def put_record_batch(backend, delivery_stream_name, records):
    stream = backend.delivery_streams.get(delivery_stream_name)
    if not stream:
        raise JsonRESTError("ResourceNotFoundException", f"Firehose {delivery_stream_name} not found.")
    sizes = [len(as_bytes(record["Data"])) for record in records]
    if max(sizes, default=0) > RECORD_LIMIT or sum(sizes) > BATCH_LIMIT:
        raise JsonRESTError("InvalidArgumentException", "a record is over 1000 KiB, or a call over 4 MiB")
    with _lock:
        buffer = _buffers.setdefault(stream.delivery_stream_arn, Buffer(backend, stream))
        buffer.stream = stream
        for record in records:
            buffer.add(as_bytes(record["Data"]))
    named = {"DeliveryStreamName": delivery_stream_name}
    metrics.count("AWS/Firehose", "IncomingRecords", len(records), **named)
    metrics.count("AWS/Firehose", "IncomingBytes", sum(sizes), **named)
    answers = [{"RecordId": str(uuid.uuid4())} for _ in records]
    return {"FailedPutCount": 0, "Encrypted": False, "RequestResponses": answers}


def as_bytes(data):
    return data if isinstance(data, bytes) else data.encode()


def buffers():
    with _lock:
        return list(_buffers.values())


def flush_all():
    """Closes every open object now, and gives their keys."""
    return flush(lambda buffer: True)


def flush(chosen):
    """Closes the open objects that are chosen; one that can't be written is kept, and stops no other."""
    keys = []
    with _lock:
        for buffer in filter(chosen, list(_buffers.values())):
            try:
                keys.append(buffer.flush())
            except Exception as error:  # noqa: BLE001 - a bucket that went away ends nothing
                print(f"firehose: {buffer.stream.delivery_stream_name}: {error!r}", flush=True)
    return [key for key in keys if key]


def _tick():
    while True:
        time.sleep(0.5)
        now = datetime.now(UTC)
        flush(lambda buffer: buffer.is_due(now))


def delete_delivery_stream(self, delivery_stream_name, made=FirehoseBackend.delete_delivery_stream):
    """As on AWS, what a stream holds goes with it."""
    stream = self.delivery_streams.get(delivery_stream_name)
    made(self, delivery_stream_name)
    with _lock:
        _buffers.pop(getattr(stream, "delivery_stream_arn", None), None)


def install():
    FirehoseBackend.put_record_batch = put_record_batch
    FirehoseBackend.delete_delivery_stream = delete_delivery_stream
    threading.Thread(target=_tick, daemon=True).start()
