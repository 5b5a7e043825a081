"""Every type, end to end: loaded, and updated while live.

The types and what they must become stand in type_table.py. One wide table: a column for each type,
in row n the n-th value of each; one field of any shape for each column.
"""

import itertools

import pytest
from common import wait_for
from indices import same
from oracle import Oracle
from oracle_types import load_json
from stage import opaque
from type_table import SETUP_SQL, TYPE_TABLE, TYPES_SINCE

STRANGE_SESSION = """
SET datestyle = 'German'; SET timezone = 'America/St_Johns'; SET bytea_output = 'escape';
SET intervalstyle = 'postgres_verbose'; SET extra_float_digits = -5
"""


def values_by_type(version):
    """[(sql_type, [(sql_expression, expected_json), ...])]"""
    known = sorted((entry for entry in TYPE_TABLE if TYPES_SINCE.get(entry[0], 0) <= version),
                   key=lambda entry: entry[0])
    return [(kind, [(expression, expected) for _, expression, expected in entries])
            for kind, entries in itertools.groupby(known, key=lambda entry: entry[0])]


@pytest.fixture
def types(stage):
    """The wide table, filled in its c… columns, and what it was made of."""
    stage.run(SETUP_SQL)
    types = values_by_type(stage.connection.server_version)
    stage.run("CREATE TABLE wide (id int PRIMARY KEY, " + ", ".join(
        f"c{n} {kind}, l{n} {kind}" for n, (kind, _) in enumerate(types)) + ")")
    for row in range(max(len(values) for _, values in types)):
        here = [(n, kind, values[row][0]) for n, (kind, values) in enumerate(types)
                if row < len(values)]
        stage.run(f"INSERT INTO wide (id, {', '.join(f'c{n}' for n, _, _ in here)}) SELECT {row}, "
                  + ", ".join(f"({expression})::{kind}" for _, kind, expression in here))
    return types


def job_on(stage, types):
    return stage.job_body("wide", ["id:integer", *(
        opaque(f"{letter}{n}") for n in range(len(types)) for letter in "cl")])


def faults(types, documents, letter):
    """Sentences about values that are not in these documents as they must be."""
    for n, (kind, values) in enumerate(types):
        for row, (expression, expected) in enumerate(values):
            found = documents[str(row)][f"{letter}{n}"]
            if not same(load_json(expected), found):
                yield f"{kind}: {expression}: must be {expected}, is {found!r}"


def test_the_oracle_agrees_with_the_table_of_types(stage, types):
    stage.source_body()
    documents = Oracle([job_on(stage, types)], stage.sources).documents()
    wrong = list(faults(types, documents, "c"))
    assert not wrong, "\n".join(wrong)


def test_every_type_loaded_and_live(stage, types):
    stage.start()
    body = job_on(stage, types)
    stage.api.create("jobs", body)
    stage.jobs[body["name"]] = body
    stage.wait_live()
    wrong = list(faults(types, stage.found(), "c"))
    assert not wrong, "\n".join(wrong)
    session = stage.connect()
    session.cursor().execute(STRANGE_SESSION)
    session.cursor().execute("UPDATE wide SET " + ", ".join(
        f"l{n} = c{n}" for n in range(len(types))))
    session.close()
    stage.wait_live()
    found = stage.found()
    wrong = [*faults(types, found, "l"), *faults(types, found, "c")]
    assert not wrong, "\n".join(wrong)


# Values at the edges of their types, beside those of the table: what no cluster may refuse when the
# mapping is ours.
EXTREMES = {
    "smallint": ["-32768"],
    "bigint": ["'-9223372036854775808'"],
    "numeric": ["'1e400'", "'-1e400'", "'1e-400'", "'1e2000'", "'1e-2000'", "'1e130000'"],
    "text": ["repeat('a', 40000)", "repeat('a b ', 40000)", "''", "' '"],
    "char(5)": ["''"],
    "xml": ["''"],
    "bytea": ["''", "convert_to(repeat('x', 100000), 'UTF8')"],
    "date": ["'4714-11-24 BC'", "'5874897-12-31'"],
    "timestamp": ["'4714-11-24 00:00:00 BC'", "'294276-12-31 23:59:59.999999'"],
    "timestamptz": ["'4714-11-24 00:00:00+00 BC'", "'294276-12-31 23:59:59.999999+00'"],
    "interval": ["'178000000 years'", "'-178000000 years 11 mons'"],
    "jsonb": ["'1'", "'true'", "'null'", "'[]'", "'[1, [2, {\"a\": 1}]]'", "'{\"a\": 1}'",
              "'{\"a\": {\"b\": 1}}'", "'{\"a\": \"2026-01-01\"}'", "'{\"a\": \"no date\"}'",
              "'{\"\": 1}'", "'{\".\": 1, \"a.\": 2, \".b\": 3, \"a..b\": 4, \" \": 5}'",
              "'{\"a.b\": 1, \"a\": 2}'", "'1e400'",
              "(repeat('[', 19) || repeat(']', 19))",
              "(SELECT jsonb_object_agg('key' || n, n) FROM generate_series(1, 2000) n)"],
    "json": ["'{\"a\": {}}'", "'\"text\"'", "'{\"\": {\"\": 1}}'"],
    "hstore": ["'\"\"=>1'", "'a=>1,a.b=>2'", "'\".\"=>1,\"a.\"=>2,\" \"=>3'"],
    "inet": ["'10.0.0.1/8'", "'::/0'", "'fe80::1/10'"],
    "point": ["'(500,700)'", "'(-181,0)'", "'(0,91)'", "'(1e300,-1e300)'", "'(1e-300,0)'"],
    "point[]": ["'{\"(500,700)\",\"(1,2)\",NULL}'", "'{{\"(1,2)\",\"(500,700)\"}}'"],
    "inet[]": ["'{10.0.0.1/8,::1,NULL}'", "'{{10.0.0.1/8},{::1}}'"],
    "bytea[]": ["'{{\"\\\\x00\",\"\\\\x01\"},{NULL,\"\\\\x\"}}'"],
    "numeric[]": ["'{1e400,NULL,1}'", "'{{1e400},{-1}}'"],
    "int4range": ["'(,-2147483648)'", "'[2147483647,)'", "'[-2147483648,2147483647)'",
                  "'[5,6)'", "'(,)'"],
    "int8range": ["'(,-9223372036854775808)'", "'[9223372036854775807,)'",
                  "'[-9223372036854775808,9223372036854775807)'"],
    "numrange": ["'[1e400,1e401)'", "'(1.5,1.50000000000000000001)'", "'(,-1e400]'"],
    "daterange": ["'[4714-11-24 BC,5874897-12-31)'", "'[infinity,)'", "'(-infinity,infinity)'"],
    "tsrange": ["'[2026-01-01 10:00:00.000001,2026-01-01 10:00:00.000002)'",
                "'(2026-01-01 10:00:00.000001,2026-01-01 10:00:00.000002)'"],
    "tstzrange": ["'(2026-01-01 10:00:00.000001+00,2026-01-01 10:00:00.000002+00)'",
                  "'[4714-11-24 00:00:00+00 BC,294276-12-31 23:59:59.999999+00]'"],
    "tt_floatrange": ["'(1,1.0000000000000002)'", "'(-1e308,1.7e308)'"],
    "int4range[]": ["'{{\"[1,2)\",NULL},{empty,\"(,)\"}}'"],
}


def test_every_value_fits_without_mappings(stage, types):
    check_types_without_mappings(stage, types)


def check_types_without_mappings(stage, types):
    """The type of each field is chosen by us: the cluster refuses no value."""
    columns = {kind: n for n, (kind, _) in enumerate(types)}
    rows = itertools.count(1000)
    for kind, expressions in EXTREMES.items():
        for expression in expressions:
            stage.run(f"INSERT INTO wide (id, c{columns[kind]}) SELECT {next(rows)},"
                      f" ({expression})::{kind}")
    stage.start()
    body = job_on(stage, types)
    body["source"]["columns"] = ["id", *(f"c{n}" for n in range(len(types)))]
    body["target"]["mappings"] = []
    job = stage.create_job(body)
    wait_for(lambda: stage.api.status(job)["state"] == "live", 30, "it is loaded")
    refused = stage.api.get(f"/jobs/{job}/failures").json()["items"]
    assert not refused, "\n".join(f'{item["id"]}: {item["reason"]}' for item in refused)
    stage.wait_live()
    wrong = list(faults(types, stage.found(), "c"))
    assert not wrong, "\n".join(wrong)
