"""Seeded random writers in many sessions; afterwards index and tables are equal, whole."""

import pytest
import workload


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_writers(running, seed):
    workload.create_tables(running.run)
    before = workload.start_writers(running, seed, transactions=150)
    for writer in before:
        writer.finish()
    during = workload.start_writers(running, seed + 100, count=5, transactions=400)
    workload.add_jobs(running)  # loaded while they write
    for writer in during:
        writer.finish()
    running.wait_until_equal()
    after = workload.start_writers(running, seed + 200, count=5, transactions=300)
    for writer in after:
        writer.finish()
    running.wait_until_equal()
    assert sum(writer.committed for writer in before + during + after) > 500
    assert len(running.found()) > 50


def test_jobs_come_and_go_while_writers_write(running):
    workload.create_tables(running.run)
    writers = workload.start_writers(running, 77)
    try:
        workload.add_jobs(running)
        running.wait_for_documents()
        running.api.delete("/jobs/c-extras")
        removed = running.jobs.pop("c-extras")
        running.api.put("/jobs/b-orders", running.jobs["b-orders"])
        running.api.post("/jobs/b-orders/pause")
        running.api.create("jobs", removed)
        running.jobs["c-extras"] = removed
        running.api.post("/jobs/b-orders/resume")
        running.api.post("/jobs/a-events/resync")
    finally:
        for writer in writers:
            writer.stop()
    running.wait_until_equal()
