"""The columns of terraform/modules/athena/columns.json are those of the table that `lakequery` makes.

Written anew by `python test_glue_columns.py`, after the schema of the table has changed.
"""

import json
import shutil
import tempfile
from pathlib import Path

from lake import Lake
from localaws.stack import REPOSITORY

FILE = REPOSITORY / "terraform/modules/athena/columns.json"
TYPES = {"string": "string", "long": "bigint", "boolean": "boolean", "timestamp": "timestamp", "date": "date"}


def glue_type(kind):
    """Glue's name of a type of Delta's."""
    return f"array<{glue_type(kind['elementType'])}>" if isinstance(kind, dict) else TYPES[kind]


def columns_of(lake):
    """{"columns": [[name, type]…], "partitions": […]} as the log of a table says."""
    lines = (Path(lake) / "events/_delta_log/00000000000000000000.json").read_text().splitlines()
    metadata = next(action["metaData"] for action in map(json.loads, lines) if "metaData" in action)
    fields = {field["name"]: glue_type(field["type"]) for field in json.loads(metadata["schemaString"])["fields"]}
    partitions = metadata["partitionColumns"]
    return {
        "columns": [[name, kind] for name, kind in fields.items() if name not in partitions],
        "partitions": [[name, fields[name]] for name in partitions],
    }


def made(folder):
    """The columns of a table made here of one delivery."""
    event = {"id": "1", "time": "2026-03-02T10:00:00Z", "source": "github.com", "detail-type": "push", "detail": {"ref": "x"}}
    raw = Path(folder) / "raw/2026/03/02/10/one"
    raw.parent.mkdir(parents=True)
    raw.write_text(json.dumps(event))
    Lake(folder).ask("compact")
    return columns_of(folder)


def text(columns):
    """A column on each line, so that a change of the schema shows as one."""
    lines = {part: ",\n".join(f"    {json.dumps(column)}" for column in listed) for part, listed in columns.items()}
    return "{\n" + ",\n".join(f'  "{part}": [\n{listed}\n  ]' for part, listed in lines.items()) + "\n}\n"


def test_the_columns_for_glue_are_those_of_the_table(tmp_path):
    assert FILE.read_text() == text(made(tmp_path / "lake")), "run: python test_glue_columns.py"


if __name__ == "__main__":
    folder = tempfile.mkdtemp()
    FILE.write_text(text(made(folder)))
    shutil.rmtree(folder)
