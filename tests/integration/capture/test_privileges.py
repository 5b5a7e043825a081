"""What the database role lacks is told at once, with the statements that mend it."""

from common import wait_for
from roles import roles_of
from stage import property_of
from watched import ENTRIES


def test_all_missing_privileges_are_told_at_once(running):
    """And running exactly those statements, the jobs go live. Seen red: told one by one."""
    running.run("CREATE SCHEMA apart; CREATE TABLE apart.t (id int PRIMARY KEY, s text);"
                " CREATE TABLE u (id int PRIMARY KEY, s text);"
                " CREATE TABLE \"V w\" (id int PRIMARY KEY, s text) PARTITION BY RANGE (id);"
                " CREATE TABLE v_0 PARTITION OF \"V w\" FOR VALUES FROM (0) TO (100);"
                " CREATE TABLE apart.v_1 PARTITION OF \"V w\" FOR VALUES FROM (100) TO (200);"
                " CREATE TABLE secured (id int PRIMARY KEY, s text);"
                " ALTER TABLE secured ENABLE ROW LEVEL SECURITY;"
                " INSERT INTO apart.t VALUES (1, 'a'); INSERT INTO u VALUES (1, 'b');"
                " INSERT INTO secured VALUES (1, 'c');"
                " INSERT INTO \"V w\" SELECT n, 'v' FROM generate_series(1, 199) n")
    with roles_of(running) as roles:
        least = roles.create("least")
        running.run(f"GRANT SELECT ON u TO {least}")
        running.api.create("sources", roles.source(least))
        first = running.add_job("apart.t", ENTRIES, source="least")
        running.add_job("u", ["id:integer", ("s", "more", "text")], source="least",
                        **property_of("id", "id"))
        running.add_job("V w", ENTRIES, source="least", index=running.index("v"))
        running.add_job("secured", ENTRIES, source="least", index=running.index("secured"))
        status = running.wait_state(first, "failed", "row security")
        message = status["error"]["message"]
        assert status["error"]["kind"] == "privilege"
        for word in (f"CREATE on database {running.database}", "USAGE on schema apart", "apart.t",
                     "TRIGGER on public.u", '"V w"', "public.v_0", "apart.v_1", "public.secured"):
            assert word in message, word
        for statement in message.split("run: ")[1].split("; "):
            running.run(statement)
        wait_for(lambda: all(running.api.status(name)["state"] == "live" for name in running.jobs),
                 60, "all jobs are live")
        running.wait_until_equal()


def test_privileges_on_a_schema_that_was_given(running):
    running.run("CREATE TABLE t (id int PRIMARY KEY, s text); CREATE SCHEMA given")
    with roles_of(running) as roles:
        least = roles.create("least")
        running.run(f"GRANT USAGE ON SCHEMA given TO {least}")
        running.api.create("sources", roles.source(least, capture_schema="given"))
        job = running.add_job("t", ENTRIES, source="least")
        status = running.wait_state(job, "failed", "ON SCHEMA given", "TRIGGER")
        message = status["error"]["message"]
        assert "DATABASE" not in message
        for statement in message.split("run: ")[1].split("; "):
            running.run(statement)
        wait_for(lambda: running.api.status(job)["state"] == "live", 60, "it is live")
        running.wait_until_equal()


def test_a_role_on_a_database_of_another_syncline(running):
    """Seen red: "permission denied for schema syncline"."""
    running.run("CREATE TABLE t (id int PRIMARY KEY, s text); INSERT INTO t VALUES (1, 'a')")
    running.add_job("t", ENTRIES)
    running.wait_until_equal()
    with roles_of(running) as roles:
        least = roles.create("least")
        running.run(f"GRANT CREATE ON DATABASE {running.database} TO {least};"
                    f" GRANT SELECT, TRIGGER ON t TO {least}")
        second = running.new_syncline()
        second.start()
        second.api.create("sources", roles.source(least))
        second.api.create("targets", running.target_body())
        body = running.job_body("t", ENTRIES, name="second", source="least",
                                index=running.index("second"))
        second.api.create("jobs", body)
        wait_for(lambda: second.api.status("second")["state"] == "failed", 30, "it is refused")
        message = second.api.status("second")["error"]["message"]
        assert "another Syncline" in message and "capture_schema of its own" in message
        assert second.api.put("/sources/least", roles.source(least, capture_schema="mine")
                              ).status_code == 200
        wait_for(lambda: second.api.status("second")["state"] == "live", 60, "it is live")
        running.run("INSERT INTO t VALUES (2, 'for both')")
        wait_for(lambda: "2" in running.found(running.index("second")), 30, "both follow")
        running.wait_until_equal()


def test_a_syncline_that_connects_as_another_role(running):
    """Its own schema is not another's, and the message says what to do."""
    running.run("CREATE TABLE t (id int PRIMARY KEY, s text); INSERT INTO t VALUES (1, 'a')")
    with roles_of(running) as roles:
        before, after = roles.create("before"), roles.create("after")
        for role in (before, after):
            running.run(f"GRANT CREATE ON DATABASE {running.database} TO {role};"
                        f" GRANT SELECT, TRIGGER ON t TO {role}")
        running.api.create("sources", roles.source(before))
        job = running.add_job("t", ENTRIES, source="least")
        running.wait_until_equal()
        assert running.api.put("/sources/least", roles.source(after)).status_code == 200
        message = running.wait_state(job, "failed", f"connected as {before}")["error"]["message"]
        running.run(message.split("run: ")[1])
        running.run("INSERT INTO t VALUES (2, 'b')")
        wait_for(lambda: running.api.status(job)["state"] == "live", 60, "it is live")
        running.wait_until_equal()
