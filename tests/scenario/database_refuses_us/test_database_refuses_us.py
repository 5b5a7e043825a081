"""The database lets us in no more: another password, or too many connections."""

import pytest
from psycopg2 import sql

PASSWORDS = "before the change", "after the change"


@pytest.fixture
def role(scene):
    """A role with what it needs and no more."""
    role = f"keeper_{scene.stage.unique}"
    run_as_owner = scene.stage.run
    run_as_owner(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
        sql.Identifier(role), sql.Literal(PASSWORDS[0])))
    run_as_owner(sql.SQL("GRANT CREATE ON DATABASE {} TO {};"
                         "ALTER DEFAULT PRIVILEGES GRANT SELECT, TRIGGER ON TABLES TO {}").format(
        sql.Identifier(scene.stage.database), sql.Identifier(role), sql.Identifier(role)))
    scene.begin(user=role, password=PASSWORDS[0])
    yield role
    for name in list(scene.stage.jobs):
        scene.stage.delete_job(name)
    scene.stage.syncline.stop()
    run_as_owner(sql.SQL("DROP OWNED BY {0} CASCADE; DROP ROLE {0}").format(sql.Identifier(role)))


def alter(scene, role, what):
    scene.stage.run(sql.SQL("ALTER ROLE {} " + what).format(sql.Identifier(role)))
    scene.stage.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s",
                    (role,))


def test_password_changed(scene, role):
    with scene.writers():
        alter(scene, role, f"PASSWORD '{PASSWORDS[1]}'")
        scene.wait_told("waiting", "password authentication failed", role)
        scene.bystander_follows()
        scene.commit_now()
        body = scene.source_body(user=role, password=PASSWORDS[1])
        assert scene.api.put("/sources/shop", body).status_code == 200
        scene.wait_mended()


def test_connection_limit_reached(scene, role):
    with scene.writers():
        alter(scene, role, "CONNECTION LIMIT 0")
        scene.wait_told("waiting", "too many connections")
        scene.bystander_follows()
        scene.commit_now()
        alter(scene, role, "CONNECTION LIMIT -1")
        scene.wait_mended()
