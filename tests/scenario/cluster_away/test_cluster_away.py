"""The cluster cannot be reached for a while: changes wait in the database."""


def test_cluster_away(scene):
    scene.begin()
    with scene.writers():
        with scene.cluster_proxy.refusing():
            scene.wait_told("waiting", "not reachable")
            scene.bystander_follows()
            scene.commit_now()
        scene.wait_mended()
    # Nothing counted against a document.
    assert all(scene.api.status(name)["parked"] == 0 for name in scene.stage.jobs)
