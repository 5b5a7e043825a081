"""Everything at once: random writers, kills of all three processes, and proxies that cut, swallow
and refuse, for SYNCLINE_SOAK_S seconds (default 120); afterwards the index equals the tables.

SYNCLINE_SEEDS=a-b runs the seeds from a to b; without it one runs."""

import os
import random
import time

import pytest

SOAK_S = float(os.environ.get("SYNCLINE_SOAK_S", "120"))
CALM_S = (0.2, 3.0)  # between two strikes
LASTS_S = (0.2, 4.0)
CUT_AFTER = (2_000, 20_000, 200_000)


def seeds():
    first, _, last = os.environ.get("SYNCLINE_SEEDS", "1").partition("-")
    return range(int(first), int(last or first) + 1)


class Strikes:
    """What befalls the scene, by dice."""

    def __init__(self, scene, dice):
        self.scene = scene
        self.stage = scene.stage
        self.dice = dice

    def last(self):
        time.sleep(self.dice.uniform(*LASTS_S))  # how long a fault lasts is what is played here

    def kill_syncline(self):
        self.stage.syncline.restart(kill=True)

    def stop_syncline(self):
        self.stage.syncline.restart()

    def kill_database(self):
        self.stage.postgres.restart(immediate=True)

    def kill_cluster(self):
        self.stage.opensearch.restart(kill=True)

    def kill_two(self):
        self.stage.syncline.kill()
        self.stage.postgres.restart(immediate=True)
        self.stage.syncline.start()

    def cut(self):
        proxy = self.dice.choice([self.scene.database_proxy, self.scene.cluster_proxy])
        with proxy.cutting(self.dice.choice(CUT_AFTER), self.dice.choice([True, False])):
            self.last()

    def cut_all(self):
        self.scene.database_proxy.cut_all()
        self.scene.cluster_proxy.cut_all()

    def refuse(self):
        proxy = self.dice.choice([self.scene.database_proxy, self.scene.cluster_proxy])
        with proxy.refusing():
            self.last()

    def swallow(self):
        proxy = self.dice.choice([self.scene.database_proxy, self.scene.cluster_proxy])
        with proxy.swallowing():
            self.last()

    def overload(self):
        with self.scene.cluster_proxy.answering(self.dice.choice(
                ["429 Too Many Requests", "503 Service Unavailable"])):
            self.last()

    def verify(self):
        name = self.dice.choice(sorted(self.stage.jobs))
        self.scene.api.post(f"/jobs/{name}/verify", {"repair": self.dice.choice([True, False])})

    def resync(self):
        self.scene.api.post(f"/jobs/{self.dice.choice(sorted(self.stage.jobs))}/resync")


@pytest.mark.parametrize("seed", seeds())
def test_soak(scene, seed):
    scene.begin()
    dice = random.Random(seed)
    strikes = Strikes(scene, dice)
    often = [strikes.kill_syncline, strikes.stop_syncline, strikes.cut, strikes.cut,
             strikes.cut_all, strikes.refuse, strikes.swallow, strikes.overload,
             strikes.kill_two, strikes.kill_database, strikes.verify, strikes.resync]
    ends_at = time.monotonic() + SOAK_S
    with scene.writers(seed):
        strikes.kill_cluster()
        while time.monotonic() < ends_at:
            time.sleep(dice.uniform(*CALM_S))
            dice.choices([*often, strikes.kill_cluster], [*[1] * len(often), 0.3])[0]()
