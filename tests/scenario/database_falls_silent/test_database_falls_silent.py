"""The network to the database swallows packets: no error, no answer."""

import time

STOP_S = 10


def test_database_falls_silent(scene):
    scene.begin()
    with scene.writers():
        with scene.database_proxy.swallowing():
            scene.wait_told("waiting", timeout_s=90)
            scene.bystander_follows()
            scene.commit_now()
            begun = time.monotonic()
            scene.stage.syncline.stop()
            assert time.monotonic() - begun < STOP_S
            scene.stage.syncline.start()
            scene.bystander_follows()
        scene.wait_mended(120)
