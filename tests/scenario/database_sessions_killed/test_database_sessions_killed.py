"""Somebody ends every session of ours, again and again."""

from common import wait_for


def kill_sessions(scene):
    """How many there were."""
    return len(scene.stage.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name ILIKE '%syncline%' AND pid <> pg_backend_pid()"))


def test_database_sessions_killed(scene):
    scene.begin()
    with scene.writers():
        for _ in range(6):
            wait_for(lambda: kill_sessions(scene) > 0, 30, "sessions were there to be killed")
            scene.commit_now()
        scene.bystander_follows()
        scene.wait_mended()
