"""A write waits in vain for the shards that it needs, as in an index that is red."""

from common import wait_for


def test_cluster_red(scene):
    scene.begin()
    cluster, index = scene.stage.opensearch, scene.stage.index()

    def need_copies(number):
        cluster.request("PUT", f"/{index}/_settings",
                        {"index.write.wait_for_active_shards": number})

    log = scene.stage.syncline.log_path
    with scene.writers():
        need_copies(2)  # of which one node has one
        # A write waits until it times out; between two of them a job is `waiting`.
        wait_for(lambda: "unavailable_shards_exception" in log.read_text(), 120, "it is told")
        assert scene.api.status("a-orders")["lag"]["changes"] > 0
        scene.bystander_follows()
        scene.commit_now()
        need_copies(None)
        scene.wait_mended(120)
