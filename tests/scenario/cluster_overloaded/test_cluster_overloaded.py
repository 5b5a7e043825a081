"""The cluster refuses everything for a while: too many requests, or unavailable."""

import pytest


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_cluster_overloaded(scene, status):
    scene.begin()
    with scene.writers():
        with scene.cluster_proxy.answering(status):
            scene.wait_told("waiting", status[:3])
            scene.bystander_follows()
            scene.commit_now()
        scene.wait_mended()
    assert all(scene.api.status(name)["parked"] == 0 for name in scene.stage.jobs)
