"""The files of etc/: one node, and the catalogs `lake` and `raw` over one Glue and one S3."""

QUIET = "".join(f"{name}=WARN\n" for name in ("Bootstrap", "io.airlift", "io.trino", "org.eclipse"))

# Trino's own words for the memory of a small node, and for a JDK of 24 and newer. Its few minutes are over
# before a second compilation of its code would pay.
JVM = """-server
-Xmx2G
-XX:TieredStopAtLevel=1
-XX:+ExitOnOutOfMemoryError
-XX:-OmitStackTraceInFastThrow
-Djdk.attach.allowAttachSelf=true
--add-modules=jdk.incubator.vector
--enable-native-access=ALL-UNNAMED
"""


def files(folder, port, aws):
    """{path in etc/: text}."""
    properties = {
        "config.properties": {
            "node.environment": "test",
            "node.bind-ip": "127.0.0.1",
            "node.internal-address": "127.0.0.1",
            "catalog.config-dir": folder / "etc/catalog",
            "coordinator": "true",
            "node-scheduler.include-coordinator": "true",
            "http-server.http.port": port,
            "discovery.uri": f"http://127.0.0.1:{port}",
        },
        "catalog/lake.properties": {"connector.name": "delta_lake"} | aws_of(aws),
        "catalog/raw.properties": {
            "connector.name": "hive",
            "hive.partition-projection-enabled": "true",
            # Below a day there are hours. Athena always reads folders to the bottom.
            "hive.recursive-directories": "true",
        }
        | aws_of(aws),
    }
    texts = {path: text(values) for path, values in properties.items()}
    return texts | {"jvm.config": JVM, "log.properties": QUIET}


def aws_of(aws):
    """What a catalog has to know of AWS. The keys are moto's: any will do."""
    return {
        "hive.metastore": "glue",
        "hive.metastore.glue.region": aws.region,
        "hive.metastore.glue.endpoint-url": aws.endpoint,
        "hive.metastore.glue.aws-access-key": "test",
        "hive.metastore.glue.aws-secret-key": "test",
        "fs.native-s3.enabled": "true",
        "s3.region": aws.region,
        "s3.endpoint": aws.endpoint,
        "s3.path-style-access": "true",
        "s3.aws-access-key": "test",
        "s3.aws-secret-key": "test",
    }


def text(values):
    return "".join(f"{name}={value}\n" for name, value in values.items())
