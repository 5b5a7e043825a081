"""Connections are cut in the middle of a bulk, or in the middle of its answer: nobody knows what
the cluster has done of it."""

import pytest
from common import wait_for


@pytest.mark.parametrize("of_answers", [False, True])
def test_cluster_cuts_connections(scene, of_answers):
    scene.begin()
    with scene.writers():
        with scene.cluster_proxy.cutting(3_000 if of_answers else 40_000, of_answers):
            wait_for(lambda: scene.cluster_proxy.cuts >= 8, 180, "connections were cut")
            scene.bystander_follows()
