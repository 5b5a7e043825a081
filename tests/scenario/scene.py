"""Scene: what every scenario plays in: a shop whose servers stand behind proxies, writers at work,
and a bystander on another source and another target, who must not notice."""

import contextlib

import psycopg2
import shop
import workload
from common import wait_for
from indices import read_index
from proxy import Proxy
from stage import SOURCE, TARGET

WRITERS = 4
BYSTANDER = "bystander"
BYSTANDER_S = 15
EQUAL_S = 180


class Scene:
    def __init__(self, stage, second_postgres):
        self.stage = stage
        self.second_postgres = second_postgres
        self.database_proxy = Proxy(stage.postgres.port).start()
        self.cluster_proxy = Proxy(stage.opensearch.port).start()
        self.bystander_database = stage.new_database(second_postgres)
        self._count = 0

    @property
    def api(self):
        return self.stage.api

    def begin(self, **source_config):
        """Syncline started, everything created and live."""
        shop.create_tables(self.stage.run)
        shop.fill(self.stage.run)
        self.stage.syncline.start()
        self.api.create("sources", self.source_body(**source_config))
        self.api.create("targets", {"name": TARGET, "api": {"url": "http://127.0.0.1",
                                                            "port": self.cluster_proxy.port}})
        self._add_bystander()
        shop.add_jobs(self.stage)
        self.stage.wait_until_equal(EQUAL_S)
        return self

    def end(self):
        self.database_proxy.stop()
        self.cluster_proxy.stop()

    def source_body(self, **config):
        return self.stage.source_body(SOURCE, port=self.database_proxy.port, **config)

    # -- the bystander ---------------------------------------------------------------------------

    def _add_bystander(self):
        with self._bystander_session() as session, session.cursor() as cursor:
            cursor.execute("CREATE TABLE t (id int PRIMARY KEY, n int);"
                           "INSERT INTO t VALUES (1, 0)")
        stage = self.stage
        self.api.create("sources", stage.source_body(BYSTANDER, self.bystander_database,
                                                     self.second_postgres))
        self.api.create("targets", {"name": BYSTANDER, "api": {"url": "http://127.0.0.1",
                                                               "port": stage.opensearch.port}})
        body = stage.job_body("t", ["id:integer", "n:integer"], name=BYSTANDER,
                              index=stage.index(BYSTANDER), source=BYSTANDER)
        body["target"]["name"] = BYSTANDER
        self.api.create("jobs", body)
        stage.wait_state(BYSTANDER, "live")
        self.bystander_follows()

    @contextlib.contextmanager
    def _bystander_session(self):
        session = self.stage.connect(self.bystander_database, server=self.second_postgres)
        yield session
        session.close()

    def bystander_follows(self):
        """A change of the bystander's arrives, as if nothing had happened to the others."""
        self._count += 1
        with self._bystander_session() as session, session.cursor() as cursor:
            cursor.execute("UPDATE t SET n = %s", (self._count,))

        def arrived():
            found = read_index(self.stage.opensearch, self.stage.index(BYSTANDER))
            return found.get("1", {}).get("n") == self._count
        wait_for(arrived, BYSTANDER_S, "the bystander's change is in its index")
        assert self.api.status(BYSTANDER)["state"] == "live"

    # -- the shop --------------------------------------------------------------------------------

    @contextlib.contextmanager
    def writers(self, seed=1, kind=shop.PatientShopWriter):
        """Random writers for as long as it lasts; afterwards everything must become equal."""
        writers = workload.start_writers(self.stage, seed * 100, WRITERS, kind=kind)
        try:
            workload.wait_commits(writers, 50)
            yield writers
        finally:
            for writer in writers:
                writer.stop()
        self.wait_until_equal()

    def wait_until_equal(self, timeout_s=EQUAL_S):
        self.stage.wait_until_equal(timeout_s)
        self.bystander_follows()

    def wait_told(self, state, *words, timeout_s=60):
        """Until every job of the shop is in this state, and an error holds all of these words."""
        def told():
            statuses = [self.api.status(name) for name in self.stage.jobs]
            assert all(status["state"] == state for status in statuses), statuses
            messages = [status["error"]["message"] for status in statuses]
            assert any(all(word in message for word in words) for message in messages), messages
            return True
        wait_for(told, timeout_s, f"all jobs are {state}, and the error says {words}")

    def wait_mended(self, timeout_s=60):
        for name in self.stage.jobs:
            self.stage.wait_state(name, "live", timeout_s=timeout_s)

    def commit_now(self, statement="UPDATE orders SET status = 'meanwhile' WHERE id % 5 = 0"):
        """A change of the user's, who must not notice either."""
        session = psycopg2.connect(**self.stage.postgres.connection_parameters(
            self.stage.database), connect_timeout=5)
        with session, session.cursor() as cursor:
            cursor.execute("SET lock_timeout = '20s'")
            cursor.execute(statement)
        session.close()
