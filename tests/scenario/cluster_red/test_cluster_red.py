"""The index has no shard to write to."""

from common import wait_for


def test_cluster_red(scene):
    scene.begin()
    cluster, index = scene.stage.opensearch, scene.stage.index()

    def require(name):
        cluster.request("PUT", f"/{index}/_settings",
                        {"index.routing.allocation.require._name": name})

    def lose_the_shard():
        closed = cluster.request("POST", f"/{index}/_close?wait_for_active_shards=0")
        cluster.request("POST", f"/{index}/_open?wait_for_active_shards=0")
        health = cluster.request("GET", f"/_cluster/health/{index}")
        return closed["indices"][index]["closed"] and health["status"] == "red"

    with scene.writers():
        # A shard that has to be opened, and may be on no node. Beside a write, closing may fail.
        require("nobody")
        wait_for(lose_the_shard, 60, "the index is red")
        scene.wait_told("waiting", timeout_s=150)
        scene.bystander_follows()
        scene.commit_now()
        require(None)
        scene.wait_mended(120)
