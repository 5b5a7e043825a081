"""The disk with Syncline's own state is full: what cannot be stored is not taken for stored."""

import pytest
from common import wait_for
from small_disk import fill, make_room, mounted

SIZE = "2m"


@pytest.fixture
def small_disk(stage):
    """The data directory on a file system of its own that holds two megabytes (root mounts it)."""
    folder = stage.syncline.data_dir
    folder.mkdir(parents=True)
    with mounted(folder, SIZE):
        yield folder
        stage.syncline.end()


def test_syncline_disk_full(stage, small_disk):
    stage.start()
    stage.run("CREATE TABLE t (id int PRIMARY KEY, address text);"
              "INSERT INTO t SELECT n, '10.0.0.1' FROM generate_series(1, 500) n")
    job = stage.add_job("t", ["id:integer", "address:ip"])
    stage.wait_until_equal()
    fill(small_disk)
    answer = stage.api.post("/targets", {**stage.target_body(), "name": "another"})
    assert answer.status_code == 500 and answer.json()["error"]["code"] == "internal"

    def told():
        status = stage.api.status(job)
        error = status["error"] or {"kind": None}
        return (status["state"], error["kind"]) == ("waiting", "data_directory") \
            and "disk is full" in error["message"]

    # Refused documents cannot be noted: the position must not pass them.
    stage.run("UPDATE t SET address = 'nowhere ' || id WHERE id % 2 = 0")
    wait_for(told, 30, "the job waits for room")
    stage.run("UPDATE t SET address = '10.0.0.2' WHERE id = 1")
    stage.syncline.restart(kill=True)
    wait_for(told, 30, "the job waits for room")
    make_room(small_disk)
    wait_for(lambda: stage.api.status(job)["parked"] == 250, 90, "the refused ones are noted")
    stage.wait_until_equal(parked=250, without=[str(n) for n in range(2, 501, 2)])
    assert stage.api.create("targets", {**stage.target_body(), "name": "another"})
    stage.run("UPDATE t SET address = '10.0.0.3' WHERE address LIKE 'nowhere%'")
    stage.wait_until_equal()
