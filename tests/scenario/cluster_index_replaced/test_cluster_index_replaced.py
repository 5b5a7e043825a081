"""The index is deleted under us, and then replaced by one whose mapping does not fit."""

import signal

from common import ServerFailed, wait_for


def test_index_deleted(scene):
    scene.begin()
    cluster, index = scene.stage.opensearch, scene.stage.index()

    def mapping():
        return cluster.request("GET", f"/{index}/_mapping")[index]["mappings"]["properties"]

    before = mapping()

    def made_again():
        status = scene.api.status("a-orders")
        if status["state"] == "failed":
            raise ServerFailed(f"no bulk makes it by guessing: {status['error']}")
        return status["state"] == "live" and mapping() == before

    with scene.writers():
        cluster.request("DELETE", f"/{index}")
        scene.bystander_follows()
        wait_for(made_again, 120, "the index is there as it was", interval_s=1)
        scene.wait_mended(90)
    assert mapping() == before


def test_index_replaced_by_one_that_does_not_fit(scene):
    scene.begin()
    cluster, index = scene.stage.opensearch, scene.stage.index()
    with scene.writers():
        scene.stage.syncline.process.send_signal(signal.SIGSTOP)  # it would make it, too
        cluster.request("DELETE", f"/{index}")
        cluster.request("PUT", f"/{index}", {"mappings": {"properties": {
            "total": {"type": "boolean"}}}})
        scene.stage.syncline.process.send_signal(signal.SIGCONT)

        def told():
            status = scene.api.status("a-orders")
            message = (status["error"] or {}).get("message", "")
            return status["state"] == "failed" and '"total"' in message and "boolean" in message
        wait_for(told, 60, "the field is named")
        assert scene.api.status("items")["state"] == "waiting"
        scene.bystander_follows()
        cluster.request("DELETE", f"/{index}")
        scene.wait_mended(90)
