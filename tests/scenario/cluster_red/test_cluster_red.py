"""A write waits in vain for the shards that it needs, as in an index that is red."""

import time

HELD_S = 45  # longer than a run of the plan: a body is tried for 30 s


def test_cluster_red(scene):
    scene.begin()
    cluster, index = scene.stage.opensearch, scene.stage.index()

    def need_copies(number):
        cluster.request("PUT", f"/{index}/_settings",
                        {"index.write.wait_for_active_shards": number})

    with scene.writers():
        need_copies(2)  # of which one node has one
        scene.wait_told("waiting", "unavailable_shards_exception", timeout_s=120)
        assert scene.api.status("a-orders")["lag"]["changes"] > 0
        # And is told all the time that nothing is written. Seen red where it stood until the plan
        # began to try again.
        until = time.monotonic() + HELD_S
        while time.monotonic() < until:
            status = scene.api.status("a-orders")
            assert status["state"] == "waiting", status
            time.sleep(0.2)
        scene.bystander_follows()
        scene.commit_now()
        need_copies(None)
        scene.wait_mended(120)
