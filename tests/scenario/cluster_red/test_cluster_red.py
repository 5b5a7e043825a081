"""The index has no shard to write to."""


def test_cluster_red(scene):
    scene.begin()
    cluster, index = scene.stage.opensearch, scene.stage.index()

    def require(name):
        cluster.request("PUT", f"/{index}/_settings",
                        {"index.routing.allocation.require._name": name})

    with scene.writers():
        # A shard that has to be opened, and may be on no node.
        require("nobody")
        cluster.request("POST", f"/{index}/_close?wait_for_active_shards=0")
        cluster.request("POST", f"/{index}/_open?wait_for_active_shards=0")
        health = cluster.request("GET", f"/_cluster/health/{index}")
        assert health["status"] == "red"
        scene.wait_told("waiting", timeout_s=150)
        scene.bystander_follows()
        scene.commit_now()
        require(None)
        scene.wait_mended(120)
