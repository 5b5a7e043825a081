"""Nobody's code runs with our rights: the role of the source is a superuser here."""

import pytest
from common import wait_for
from hostile import Hostile
from stage import nested_in, opaque, property_of
from watched import ENTRIES, make_live, wait_equal

TYPES = """
CREATE TYPE theirs.mood AS ENUM ('low', 'middle', 'high', 'odd one', 'more');
CREATE DOMAIN theirs.small AS int CHECK (theirs.trap('small') AND VALUE < 1000);
CREATE DOMAIN theirs.smaller AS theirs.small CHECK (theirs.trap('smaller'));
CREATE DOMAIN theirs.feeling AS theirs.mood CHECK (theirs.trap('feeling'));
CREATE DOMAIN theirs.code AS public.citext CHECK (theirs.trap('code'));
CREATE TYPE theirs.pair AS (n theirs.small, m theirs.mood);
CREATE TYPE theirs.span AS RANGE (subtype = theirs.small, multirange_type_name = theirs.spans);
CREATE FUNCTION theirs.same(theirs.code, public.citext) RETURNS boolean LANGUAGE plpgsql
  AS $$ BEGIN RETURN theirs.trap('citext operator'); END $$;
CREATE OPERATOR public.= (FUNCTION = theirs.same, LEFTARG = theirs.code, RIGHTARG = public.citext);
CREATE TABLE theirs.hosts (id theirs.mood PRIMARY KEY, kind theirs.feeling, v text);
CREATE TABLE theirs.parts (id theirs.feeling, n theirs.smaller, v text)
  PARTITION BY HASH (v);
CREATE TABLE theirs.parts_0 PARTITION OF theirs.parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE theirs.parts_1 PARTITION OF theirs.parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE theirs.codes (id theirs.code PRIMARY KEY, v text);
CREATE TABLE theirs.ranges (id theirs.spans PRIMARY KEY, v text);
CREATE TABLE theirs.items (k theirs.small PRIMARY KEY, host theirs.mood, at theirs.mood,
  p theirs.pair, many theirs.mood[], s theirs.span);
CREATE TABLE theirs.kinds (kind theirs.mood PRIMARY KEY, label text);
CREATE TABLE theirs.loose (id theirs.mood, u theirs.mood UNIQUE, v text);
"""
CASTS = [("theirs.mood", "pg_catalog.text", "'low'"), ("pg_catalog.text", "theirs.mood", "'low'"),
         ("theirs.mood", "pg_catalog.varchar", "'low'"), ("theirs.mood", "pg_catalog.int4", "1"),
         ("theirs.mood[]", "pg_catalog.text", "'{}'"), ("pg_catalog.text", "theirs.mood[]", "'{}'"),
         ("pg_catalog.text[]", "theirs.mood[]", "'{}'"),
         ("theirs.pair", "pg_catalog.text", "'(1,low)'"), ("theirs.spans", "pg_catalog.text", "''"),
         ("pg_catalog.text", "theirs.spans", "'{}'"), ("theirs.span", "pg_catalog.text", "''")]
FILL = """
INSERT INTO theirs.hosts VALUES ('low', 'low', 'a'), ('middle', 'high', 'b'), ('high', NULL, 'c');
INSERT INTO theirs.parts VALUES ('low', 1, 'a'), ('low', 2, 'b'), ('odd one', 1, 'c'),
  (NULL, 4, 'd');
INSERT INTO theirs.codes VALUES ('A', 'a'), ('b', 'b');
INSERT INTO theirs.ranges VALUES ('{[1,3)}', 'a'), ('{[1,2),[5,6)}', 'b');
INSERT INTO theirs.items VALUES (1, 'low', 'high', (1, 'low'), '{low,high}', '[1,2)'),
  (2, 'low', 'low', NULL, NULL, NULL), (3, 'middle', NULL, (NULL, NULL), '{}', 'empty');
INSERT INTO theirs.kinds VALUES ('low', 'Low'), ('high', 'High');
INSERT INTO theirs.loose VALUES ('low', 'low', 'a'), ('low', 'high', 'b'), ('high', 'middle', 'c');
"""
CHANGES = [
    "UPDATE theirs.hosts SET v = v || '!'", "UPDATE theirs.hosts SET id = 'more' WHERE id = 'high'",
    "UPDATE theirs.hosts SET kind = 'high'",
    "INSERT INTO theirs.hosts VALUES ('odd one', 'low', 'e')",
    "DELETE FROM theirs.hosts WHERE id = 'middle'",
    "UPDATE theirs.parts SET n = n + 10", "UPDATE theirs.parts SET id = 'high' WHERE v = 'a'",
    "INSERT INTO theirs.parts VALUES ('more', 7, 'x')", "DELETE FROM theirs.parts WHERE n = 12",
    "UPDATE theirs.codes SET id = 'a' WHERE id = 'A'", "INSERT INTO theirs.codes VALUES ('c', 'c')",
    "UPDATE theirs.ranges SET v = 'moved', id = '{[2,4)}' WHERE v = 'a'",
    "INSERT INTO theirs.ranges VALUES ('{}', 'none')",
    "UPDATE theirs.items SET at = 'middle' WHERE k = 1", "UPDATE theirs.items SET host = 'odd one'",
    "INSERT INTO theirs.items VALUES (4, 'low', 'more', (4, 'more'), '{more}', '[4,5)')",
    "UPDATE theirs.kinds SET label = label || '?'", "DELETE FROM theirs.kinds WHERE kind = 'low'",
    "INSERT INTO theirs.kinds VALUES ('middle', 'Middle')",
    "UPDATE theirs.loose SET u = 'more' WHERE u = 'low'", "UPDATE theirs.loose SET id = 'high'",
    "UPDATE theirs.hosts SET v = 'no number' WHERE id = 'low'", "TRUNCATE theirs.ranges"]


@pytest.fixture
def hostile(stage):
    stage.run("CREATE EXTENSION citext SCHEMA public; GRANT CREATE ON SCHEMA public TO PUBLIC")
    hostile = Hostile(stage)
    yield hostile
    stage.syncline.stop()
    try:
        hostile.assert_harmless()
    finally:
        hostile.end()


def add_jobs(stage):
    hosts = stage.index("hosts")
    stage.add_job("theirs.hosts", ["id:keyword", "kind:keyword", "v:text"], index=hosts)
    stage.add_job("theirs.items", [("k", "k", "integer"), ("host", "host", "keyword"),
                                   ("at", "at", "keyword"), opaque("p"), opaque("many"),
                                   opaque("s")],
                  id="host", index=hosts, **nested_in("items", "at"))
    stage.add_job("theirs.kinds", ["label:text"], index=hosts, **property_of("kind", "kind"))
    stage.add_job("theirs.parts", ["id:keyword", "n:integer", "v:text"], id=["id", "n"],
                  index=stage.index("parts"))
    stage.add_job("theirs.codes", ["id:keyword", "v:text"], index=stage.index("codes"))
    stage.add_job("theirs.ranges", ["id:keyword", "v:text"], index=stage.index("ranges"))
    stage.add_job("theirs.loose", ["id:keyword", "v:text"], index=stage.index("loose"))


def verify(stage):
    for name in stage.jobs:
        assert stage.api.post(f"/jobs/{name}/verify", {"repair": True}).status_code == 202
    for name in stage.jobs:
        wait_for(lambda: stage.api.status(name)["verify"]["state"] == "done", 60, "verified")


def test_casts_operators_functions_and_domains_of_a_stranger(stage, hostile):
    """Over all that is installed or asked: load, triggers of every kind, lookups, arrays,
    properties, verification, resync. Seen red with casts to text and from it, with a parameter
    of a domain's type, and with the operator found for a domain over citext."""
    hostile.run(TYPES)
    for cast in CASTS:
        hostile.cast(*cast, context="AS ASSIGNMENT" if "text" not in cast[0] else "")
    hostile.run("CREATE TEMP TABLE captured (id int)",
                "CREATE DOMAIN pg_temp.text AS pg_catalog.text"
                " CHECK (theirs.trap('temporary domain'))", FILL)
    stage.start()
    add_jobs(stage)
    stage.wait_live()
    for change in CHANGES:
        hostile.run(change)
    stage.wait_live()
    stage.command("job-1", "resync")
    stage.wait_live()
    verify(stage)
    hostile.drop_casts()
    stage.run("DROP OPERATOR public.= (theirs.code, public.citext)")
    stage.wait_until_equal()


def test_a_cast_that_lets_other_operators_fit(stage, hostile):
    """An implicit cast makes operators of other types candidates, so the text is compared. Seen red
    where the operator is looked for all the same."""
    hostile.run("CREATE TYPE theirs.mood AS ENUM ('low', 'high');"
                " CREATE TABLE theirs.t (id theirs.mood, n int, v text, PRIMARY KEY (id, n))")
    for target, value in (("pg_catalog.text", "'low'"), ("pg_catalog.int4", "1")):
        hostile.cast("theirs.mood", target, value, "AS IMPLICIT")
    hostile.run("INSERT INTO theirs.t VALUES ('low', 1, 'a'), ('high', 2, 'b')")
    stage.start()
    stage.add_job("theirs.t", ["id:keyword", "v:text"], name="one", index=stage.index("one"))
    stage.add_job("theirs.t", ["id:keyword", "n:integer", "v:text"], id=["id", "n"], name="two",
                  index=stage.index("two"))
    stage.wait_live()
    hostile.run("UPDATE theirs.t SET v = 'c'", "UPDATE theirs.t SET n = n + 1",
                "INSERT INTO theirs.t VALUES ('low', 7, 'd')", "DELETE FROM theirs.t WHERE n = 3")
    stage.wait_live()
    hostile.drop_casts()
    stage.wait_until_equal()


def test_a_cast_that_changes_the_text(running):
    """Without malice, on one's own enum. Seen red with a key of the cast's text, that finds no
    row."""
    running.run("CREATE TYPE mood AS ENUM ('low', 'high', 'odd');"
                " CREATE FUNCTION shown(mood) RETURNS text LANGUAGE sql IMMUTABLE"
                " AS $$ SELECT 'mood: ' || pg_catalog.upper(enum_range(NULL, $1)::text) $$;"
                " CREATE CAST (mood AS text) WITH FUNCTION shown(mood);"
                " CREATE TABLE t (id mood PRIMARY KEY, s text); INSERT INTO t VALUES ('low', 'a')")
    running.add_job("t", ["id:keyword", "s:text"])
    running.wait_until_equal()
    running.follow("INSERT INTO t VALUES ('high', 'b')", "UPDATE t SET s = 'c'",
                   "UPDATE t SET id = 'odd' WHERE id = 'low'", "DELETE FROM t WHERE id = 'high'")


@pytest.mark.parametrize("columns, partition", [
    ("id int PRIMARY KEY, v text", ""), ("id int, v text", "PARTITION BY HASH (v)"),
    ("id theirs.small PRIMARY KEY, v text", "")], ids=["plain", "partitioned", "domain"])
def test_a_type_put_in_the_place_of_another(stage, hostile, columns, partition):
    """By the table's owner, a moment before he writes: what was made for the old type must not be
    run with the new one. Seen red without the condition that the type is the same, in the trigger
    and in the lookup each."""
    hostile.run("CREATE TYPE theirs.mood AS ENUM ('low', 'high');"
                " CREATE DOMAIN theirs.small AS int CHECK (theirs.trap('small'))",
                f"CREATE TABLE theirs.t ({columns}) {partition}")
    if partition:
        hostile.run("CREATE TABLE theirs.t_0 PARTITION OF theirs.t"
                    " FOR VALUES WITH (MODULUS 1, REMAINDER 0)")
    hostile.cast("theirs.mood", "pg_catalog.text", "'low'", "AS ASSIGNMENT")
    hostile.cast("theirs.mood", "pg_catalog.int4", "1", "AS IMPLICIT")
    hostile.run("INSERT INTO theirs.t SELECT n, 'v' FROM generate_series(1, 50) n")
    stage.start()
    stage.job = stage.add_job("theirs.t", ["id:keyword", "v:text"])
    stage.wait_live()
    hostile.run("UPDATE theirs.t SET v = 'first'")
    stage.wait_live()
    hostile.run_together(
        "DELETE FROM theirs.t WHERE id > 2",
        "ALTER TABLE theirs.t ALTER id TYPE theirs.mood"
        " USING CASE id WHEN 1 THEN 'low' ELSE 'high' END::theirs.mood",
        "UPDATE theirs.t SET v = 'second'",
        "DELETE FROM theirs.t WHERE pg_catalog.concat(id) OPERATOR(pg_catalog.=) 'low'",
        "INSERT INTO theirs.t VALUES ('low', 'third')")
    hostile.run("UPDATE theirs.t SET v = v || '!'")

    def noticed():
        stage.wait_live(1)
        return set(stage.found()) == {"low", "high"}
    wait_for(noticed, 30, "the other type is noticed", 0.2)
    hostile.drop_casts()
    stage.wait_until_equal()


def test_a_view_put_in_the_place_of_a_table(stage, hostile):
    """Functions of a view run as whoever reads it. Seen red without the setting that refuses
    views (which this server has)."""
    hostile.run("CREATE TABLE theirs.t (id int PRIMARY KEY, v text);"
                " INSERT INTO theirs.t SELECT n, 'v' FROM generate_series(1, 50) n")
    stage.start()
    stage.job = stage.add_job("theirs.t", ["id:integer", "v:text"])
    stage.wait_live()
    hostile.run_together(
        "ALTER TABLE theirs.t RENAME TO other",
        "CREATE VIEW theirs.t AS SELECT id, theirs.trap('view')::pg_catalog.text AS v"
        " FROM theirs.other",
        "UPDATE theirs.other SET v = 'w'")
    stage.wait_state(stage.job, "failed", "table")
    hostile.run_together("DROP VIEW theirs.t", "ALTER TABLE theirs.other RENAME TO t")
    wait_equal(stage)


# -- names -----------------------------------------------------------------------------------------

def test_names_that_look_like_the_end_of_a_function(running):
    """Seen red with a quote that such a column closes."""
    columns = ["a$capture$b", "$capture_$", "o'k \\ \"x\" %s", "$1", "{{key}}", "NEW", "captured"]
    quoted = [f'"{name}"'.replace('"x"', '""x""') for name in columns]
    running.run('CREATE TABLE "t$capture$" (' + ", ".join(f"{name} int" for name in quoted)
                + f", PRIMARY KEY ({', '.join(quoted[:3])}))")
    running.add_job("t$capture$", [(name, f"f{number}", "integer")
                                   for number, name in enumerate(columns)], id=["f0", "f1", "f2"])
    running.wait_until_equal()
    running.follow('INSERT INTO "t$capture$"'
                   " SELECT n, n, n, n, n, n, n FROM generate_series(1, 5) n",
                   'UPDATE "t$capture$" SET "$1" = 9, "$capture_$" = 7 WHERE "NEW" > 3',
                   'DELETE FROM "t$capture$" WHERE "a$capture$b" = 2')


def test_a_table_of_a_change_log_is_refused(running):
    """Ours, another Syncline's, and one that holds a log among its children. Seen red: each change
    was logged, which was a change, and every write failed for it."""
    make_live(running, rows=5)
    second = running.new_syncline()
    second.start()
    second.api.create("sources", running.source_body(capture_schema="other"))
    second.api.create("targets", running.target_body())
    second.api.create("jobs", running.job_body("t", ENTRIES, name="second",
                                               index=running.index("second")))
    wait_for(lambda: second.api.status("second")["state"] == "live", 30, "the second is live")
    running.run("CREATE TABLE parent (watch int, key text);"
                " ALTER TABLE other.log_1 INHERIT parent")
    refused = {}
    for table in ("syncline.log_0", "syncline.member", "other.log_2", "parent"):
        column = "job" if table.endswith("member") else "key"
        body = running.job_body(table, [(column, "key", "text")], id="key",
                                index=running.index(table.replace(".", "-")))
        running.api.create("jobs", body)
        refused[body["name"]] = table
    for name in refused:
        running.wait_state(name, "failed", "change log")
        assert running.api.delete(f"/jobs/{name}").status_code == 200
    running.run("ALTER TABLE other.log_1 NO INHERIT parent")
    running.run("UPDATE t SET s = s || '!'")
    running.wait_until_equal()
