"""Every type of contract section 4, end to end: loaded, and updated while live.

The types and what they must become stand in type_table.py. One wide table: a column for each type,
in row n the n-th value of each; one field of any shape for each column.
"""

import itertools
import json

import pytest
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
