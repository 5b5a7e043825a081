"""The cluster cannot be reached for a while: changes wait in the database."""

from common import wait_for


def test_cluster_away(scene):
    scene.begin()
    with scene.writers():
        with scene.cluster_proxy.refusing():
            scene.wait_told("waiting", "not reachable")
            scene.bystander_follows()
            scene.commit_now()
            # Also a new process, which never saw the cluster, knows what waits.
            scene.stage.syncline.restart(kill=True)
            wait_for(lambda: scene.api.status("a-orders")["lag"]["changes"] > 0, 10, "a lag")
            assert scene.api.status("a-orders")["load"]["finished_at"]
            scene.wait_told("waiting", "not reachable")
        scene.wait_mended()
    # Nothing counted against a document.
    assert all(scene.api.status(name)["parked"] == 0 for name in scene.stage.jobs)
