"""Athena's tables and queries, as the root module makes them, on the engine that Athena is: Trino.

The lake is filled through the bus and Firehose, and compacted by `lakequery`. What Trino reads is
held against what others read: deltalake with pyarrow, and DataFusion in `lakequery`.
"""

import json
import re
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

import github
import standin
from athena import ageing, checksums, deliveries, listings, questions, sql
from athena.asking import Asking
from lake import LakeOnS3, lakequery
from localaws.stack import REPOSITORY, Stack
from localtrino import Trino

# Of the root: the tables, the way into raw/, and what a vacuum meets; and all that these stand on.
PARTS = (
    "module.athena",
    "module.raw.aws_cloudwatch_event_target.firehose",
    "module.raw.aws_s3_bucket_versioning.lake",
)
TARGET = "1048576"  # bytes, the smallest that may be asked for; half of it is merged no more
GRACE_DAYS = 7  # for which a file that was merged away is kept
TODAY = datetime.now(UTC).date()
NAME = "athena"  # of the stack, and so of its database
RAW_DAYS = 12  # that the raw table has

QUERIES = REPOSITORY / "queries"
NOW, A_TIME = "current_timestamp", r"timestamp '[^']+ UTC'"  # in a report's SQL: when it is asked


def day(ago):
    return TODAY - timedelta(days=ago)


def told(what, began):
    print(f"{what} in {time.monotonic() - began:.0f} s", file=sys.stderr)


@pytest.fixture(scope="module")
def starting(aws):
    """Trino, which needs as long to start as Terraform to apply."""
    with Trino(aws, NAME) as trino:
        yield trino


@pytest.fixture(scope="module")
def outputs(aws, starting, tmp_path_factory):
    """Of a stack of its own: the lake of the others has what they expect in it, and nothing else."""
    began, zips = time.monotonic(), {}
    for name in ("ingest", "compactor"):
        path = tmp_path_factory.mktemp("zips") / f"{name}.zip"
        path.write_bytes(standin.zipped(standin.ECHO))
        zips[f"{name}_zip"] = str(path)
    stack = Stack(aws, name=NAME, tls_only=False, raw_since=f"{day(RAW_DAYS):%Y/%m/%d}", **zips)
    stack.run("apply", "-auto-approve", "-input=false", *(f"-target={part}" for part in PARTS))
    told("applied", began)
    return stack.read_outputs()


@pytest.fixture(scope="module")
def delivered(aws, client, outputs, tmp_path_factory):
    """[(day, record)] of all that came into raw/, redeliveries too; the bulky part is not merged."""
    began = time.monotonic()
    demo = deliveries.demo(lakequery(), tmp_path_factory.mktemp("demo") / "lake")
    came = fill(aws, client, outputs, demo)
    told("filled", began)
    return [(at, record) for at, records in came.items() for record in records]


def fill(aws, client, outputs, demo):
    """Delivers on some days, compacting after each; gives {day: records}."""
    lake, events, bus = LakeOnS3(aws, outputs["lake_url"]), client("events"), outputs["event_bus_name"]
    bulky = [deliveries.bulky(seed, deliveries.noon(day(9))) for seed in (1, 2)]
    by_bus = {
        day(5): bulky[0] + demo[::2],
        # Some of the first once more, as GitHub sends them when asked to.
        day(3): bulky[1] + demo[1::2] + demo[:40:2],
        day(2): deliveries.payloads(deliveries.noon(day(2))),
    }
    for at, records in by_bus.items():
        (key,) = deliveries.through_the_bus(aws, events, bus, records, at)
        assert key.startswith(f"raw/{at:%Y/%m/%d}/12/")
        lake.ask("compact", "--target-file-bytes", TARGET)
    # What somebody put there by other means: in other hours, and not packed.
    by_hour = {"08": github.example_records(), "07": deliveries.lives()}
    for hour, records in by_hour.items():
        key = f"raw/{day(5):%Y/%m/%d}/{hour}/lines"
        client("s3").put_object(Bucket=lake.bucket, Key=key, Body=deliveries.in_lines(records))
    lake.ask("compact", "--target-file-bytes", TARGET)
    return by_bus | {day(5): by_bus[day(5)] + by_hour["08"] + by_hour["07"]}


@pytest.fixture(scope="module")
def lake(aws, outputs, delivered):
    return LakeOnS3(aws, outputs["lake_url"])


@pytest.fixture(scope="module")
def trino(starting, lake):
    began = time.monotonic()
    starting.wait()
    told("waited for Trino", began)
    return starting


def test_the_tables_hold_the_same(trino, lake, delivered):
    """Row for row and column for column: as it came, after a merge, and after a vacuum."""
    expected = lake.checksums()
    ids = {record["detail"]["_delivery"]["id"] for _, record in delivered}
    assert expected[checksums.ROW][0] == len(ids) == lake.ask("sql", "select count(*) as n from events")[0]["n"]
    assert checksums.of_trino(trino, "events") == expected

    merged = lake.ask("compact")
    assert [merged[name] for name in ("stored", "files_removed", "files_added")] == [0, 2, 1]
    assert lake.checksums() == expected
    trino.forget()
    assert checksums.of_trino(trino, "events") == expected

    before = lake.files()
    ageing.age(lake.bucket, GRACE_DAYS + 1)
    assert lake.ask("compact")["files_vacuumed"] >= 2
    left = lake.files()
    assert left < before and len(left) == lake.ask("status")["files"]
    assert lake.checksums() == expected
    trino.forget()
    assert checksums.of_trino(trino, "events") == expected


def test_the_raw_table_has_every_record(trino, delivered):
    """On its day, and whole: the text of `detail` is the payload, with `_delivery`."""
    found = trino.rows("select day, source, detail_type, detail from events_raw", "raw")
    names = ("source", "detail-type", "detail")
    expected = [(f"{at:%Y/%m/%d}", *(record[name] for name in names)) for at, record in delivered]
    read = [(*row, json.loads(detail)) for *row, detail in found]
    assert Counter(map(json.dumps, read)) == Counter(map(json.dumps, expected))


def test_the_path_tells_the_hour(trino, lake):
    condition = f"""day = '{day(5):%Y/%m/%d}' and "$path" like '%/08/%'"""
    count = "select count(*) as n from events_raw where "
    assert trino.rows(count + condition, "raw") == [(len(github.example_records()),)]


def test_a_filter_on_the_day_lists_only_that_day(trino, delivered):
    asked = {
        f"= '{day(3):%Y/%m/%d}'": [3],
        f"between '{day(5):%Y/%m/%d}' and '{day(3):%Y/%m/%d}'": [5, 4, 3],
        f"between '{day(2):%Y/%m/%d}' and '{TODAY:%Y/%m/%d}'": [2, 1, 0],
    }
    for condition, ago in asked.items():
        trino.forget()
        with listings.recorded() as prefixes:
            ((n,),) = trino.rows(f"select count(*) as n from events_raw where day {condition}", "raw")
        assert n == sum(at in map(day, ago) for at, _ in delivered), condition
        assert set(prefixes) == {f"raw/{day(n):%Y/%m/%d}/" for n in ago}, condition


def named_queries(client, workgroup):
    """{name: text}, as Athena has them."""
    athena = client("athena")
    ids = athena.list_named_queries(WorkGroup=workgroup)["NamedQueryIds"]
    found = [athena.get_named_query(NamedQueryId=i)["NamedQuery"] for i in ids]
    return {query["Name"]: query["QueryString"] for query in found}


def test_named_queries_give_what_lakequery_gives(trino, lake, client, outputs, tmp_path):
    queries = named_queries(client, outputs["athena_workgroup"])
    files = {path.relative_to(QUERIES).with_suffix("").as_posix() for path in QUERIES.rglob("*.sql")}
    assert queries.keys() == files
    for name, text in queries.items():
        fixed = text.replace(NOW, f"timestamp '{TODAY} 12:00:00.125 UTC'")
        # There they read the projection, which `lakequery` takes by itself.
        assert "from projection\n" in fixed and "from events\n" not in fixed, name
        (tmp_path / "query.sql").write_text(fixed.replace("from projection", "from events"))
        expected = sql.rows(lake.ask("sql", "-f", tmp_path / "query.sql"))
        assert expected, name
        assert sql.rows(trino.dicts(fixed)) == expected, name
        if fixed != text:
            assert [row["n"] for row in sql.rows(trino.dicts(text))] == [row["n"] for row in expected], name


def test_a_query_begins_with_what_it_means():
    for path in QUERIES.rglob("*.sql"):
        header = re.match(r"(--.*\n)*", path.read_text())[0]
        for part in ("Title", "Description", "Parameters", "Grain", "Time zone", "Columns"):
            assert re.search(rf"^-- {part}:", header, re.MULTILINE), f"{path}: {part}"


@pytest.fixture(scope="module")
def reports(lake):
    return list(questions.reports(lake.ask("report", "--list")))


def test_a_report_has_one_definition(lake, reports):
    """Its named query is the text that `lakequery` runs, under the definition that it prints."""
    for report in reports:
        explained = lake.ask("report", *report.words, "--explain")
        (path,) = QUERIES.rglob(f"{report.name}.sql")
        text = path.read_text()
        header = re.match(r"(--.*\n)*", text)[0]
        asked = re.sub(A_TIME, NOW, explained["sql"])
        assert text.removeprefix(header) == asked, f"{path}: UPDATE_EXPECTED=1 cargo test -p octolake-reports"
        assert explained["definition"] in re.sub(r"^--(   | Description: )", "", header, flags=re.MULTILINE)
        assert {one["reason"] for one in explained["left_out"]} == set(report.reasons)
    views = {"workflow_jobs", "pull_requests"}
    assert {path.stem for path in QUERIES.rglob("*.sql")} == views | {report.name for report in reports}


@pytest.fixture(scope="module")
def asking(trino, lake, tmp_path_factory):
    """`lakequery` reads a copy of the table in a directory: it answers sooner there."""
    teams = tmp_path_factory.mktemp("teams") / "teams.toml"
    teams.write_text(questions.TEAMS)
    return Asking(trino, lake.copied(tmp_path_factory.mktemp("copy")), teams)


def test_reports_give_the_same_numbers(asking, reports):
    """Each report by each dimension and with each filter: the SQL that `--explain` prints, on Trino."""
    began = time.monotonic()
    asked = [(report, by, words) for report in reports for by, words in questions.by_dimension(report)]
    answers, different = asking.all_of([words for *_, words in asked])
    assert different == []
    filters = []
    for report in reports:
        known = {by: answer for (one, by, _), answer in zip(asked, answers, strict=True) if one is report}
        filters += questions.by_filter(report, known)
    answers, different = asking.all_of(filters)
    assert different == []
    for words, answer in zip(filters, answers, strict=True):
        assert answer["n"] + sum(answer["excluded"].values()), words
    told(f"asked {len(asked) + len(filters)} questions", began)


def test_windows_bounds_and_several_at_once_give_the_same_numbers(asking):
    answers, different = asking.all_of([tuple(words.split()) for words in questions.MORE])
    assert different == []
    assert all(answer["n"] for answer in answers)


@pytest.mark.parametrize("question", questions.TEXTS)
def test_columns_that_no_answer_prints_are_the_same(trino, asking, tmp_path, question):
    text = asking.lake.ask("report", *question.split(), "--explain")["sql"]
    (tmp_path / "query.sql").write_text(text)
    expected = sql.rows(asking.lake.ask("sql", "-f", tmp_path / "query.sql"))
    assert expected
    assert sql.rows(trino.dicts(text)) == expected


def test_the_table_with_its_columns_in_glue_is_the_same(trino, client):
    """As glue_columns makes it: the placeholder or the columns, an engine reads the table's log."""
    glue, columns = client("glue"), json.loads((REPOSITORY / "terraform/modules/athena/columns.json").read_text())
    table = glue.get_table(DatabaseName=NAME, Name="events")["Table"]
    assert [column["Name"] for column in table["StorageDescriptor"]["Columns"]] == ["col"]
    assert table["Parameters"] == {"EXTERNAL": "TRUE", "spark.sql.sources.provider": "delta"}
    listed = {part: [{"Name": name, "Type": kind} for name, kind in columns[part]] for part in columns}
    made = {
        "Name": "events_listed",
        "TableType": table["TableType"],
        "Parameters": table["Parameters"],
        "StorageDescriptor": table["StorageDescriptor"] | {"Columns": listed["columns"]},
        "PartitionKeys": listed["partitions"],
    }
    glue.create_table(DatabaseName=NAME, TableInput=made)
    asked = "select event_type, count(*) as n, max(received_at) as newest from {} group by 1 order by 1"
    assert trino.rows(asked.format("events_listed")) == trino.rows(asked.format("events")) != []
    names = [name for name, *_ in trino.rows("show columns from events")]
    assert sorted(names) == sorted(name for part in columns.values() for name, _ in part)
    glue.delete_table(DatabaseName=NAME, Name="events_listed")
