"""The disk of a node is almost full, so the cluster makes the index read-only."""


def block(scene, value):
    scene.stage.opensearch.request("PUT", f"/{scene.stage.index()}/_settings",
                                   {"index.blocks.read_only_allow_delete": value})


def test_cluster_read_only(scene):
    scene.begin()
    with scene.writers():
        block(scene, True)
        scene.wait_told("waiting", "read-only")
        scene.bystander_follows()
        scene.commit_now()
        block(scene, None)
        scene.wait_mended()
    assert all(scene.api.status(name)["parked"] == 0 for name in scene.stage.jobs)
