"""Trino on this machine, reading a local AWS as Athena reads AWS: Athena's engine 3 is Trino.

    jdk       a JDK that is new enough, wherever it is
    catalogs  what Trino is told of itself, and of Glue and S3
    server    the process: fetched, started, asked, stopped
"""

from localtrino.server import Trino

__all__ = ["Trino"]
