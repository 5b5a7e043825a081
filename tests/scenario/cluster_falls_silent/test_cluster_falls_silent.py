"""The network to the cluster swallows packets: no error, no answer. Timeouts end it, and commands
do not wait for them."""

import time

STOP_S = 10


def test_cluster_falls_silent(scene):
    scene.begin()
    with scene.writers():
        with scene.cluster_proxy.swallowing():
            scene.wait_told("waiting", timeout_s=120)
            scene.bystander_follows()
            scene.commit_now()
            begun = time.monotonic()
            scene.stage.syncline.stop()
            assert time.monotonic() - begun < STOP_S
            scene.stage.syncline.start()
            scene.bystander_follows()
        scene.wait_mended(120)
