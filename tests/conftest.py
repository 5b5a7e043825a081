"""Fixtures: real servers for the whole run; a fresh database, index prefix and Syncline a test."""

import os
import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "integration" / "kit"), str(HERE / "servers")]

import pytest  # noqa: E402

import common  # noqa: E402
from elasticsearch import ElasticsearchServer  # noqa: E402
from opensearch import OpenSearchServer  # noqa: E402
from postgres import NEWEST, PostgresServer  # noqa: E402
from sqs import ElasticMq, Moto  # noqa: E402
from stage import Stage  # noqa: E402

servers_that_ran = {}
skipped = []


@pytest.fixture(scope="session")
def server_folder():
    folder = common.scratch("tests")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(server_folder):
    server = PostgresServer(server_folder / "postgres", settings={"wal_level": "logical"})
    server.create().start()
    servers_that_ran["postgresql"] = server.data.joinpath("PG_VERSION").read_text().strip()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def second_postgres(server_folder):
    """A server that can prepare transactions, which the first one cannot on purpose: capture
    wakes its reader in another way where they are possible."""
    server = PostgresServer(server_folder / "second-postgres",
                            settings={"max_prepared_transactions": "30"})
    server.create().start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def crashing_postgres(server_folder):
    """One that may crash without others noticing."""
    server = PostgresServer(server_folder / "crashing-postgres").create().start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def newest_postgres(server_folder):
    """For what Debian's PostgreSQL does not know yet."""
    server = PostgresServer(server_folder / "newest-postgres", version=NEWEST)
    server.create().start()
    servers_that_ran["postgresql-newest"] = server.data.joinpath("PG_VERSION").read_text().strip()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def opensearch(server_folder):
    """The cluster of most tests. With SYNCLINE_CLUSTER=elasticsearch it is one of those."""
    kind = {"opensearch": OpenSearchServer, "elasticsearch": ElasticsearchServer}[
        os.environ.get("SYNCLINE_CLUSTER", "opensearch")]
    yield from _search_server(kind(server_folder / "cluster"))


@pytest.fixture(scope="session")
def elasticsearch(server_folder):
    """One that wants a password, and TLS."""
    yield from _search_server(ElasticsearchServer(server_folder / "elasticsearch", secure=True))


def _search_server(server):
    server.start()
    servers_that_ran[server.name.lower()] = server.request("GET", "/")["version"]["number"]
    yield server
    server.stop()


@pytest.fixture(scope="session")
def elasticmq(server_folder):
    server = ElasticMq(server_folder / "elasticmq").start()
    servers_that_ran["elasticmq"] = "1.7.1"
    yield server
    server.stop()


@pytest.fixture
def moto(tmp_path):
    """One for each test: only its first calls are free."""
    server = Moto(tmp_path / "moto").start()
    servers_that_ran["moto"] = "5.2.5"
    yield server
    server.stop()


def _stage(request, postgres, cluster, folder):
    stage = Stage(postgres, cluster, folder)
    request.node.log_paths = stage.log_paths
    yield stage
    stage.end()


@pytest.fixture
def stage(request, postgres, opensearch, tmp_path):
    """Everything one test needs, its Syncline not yet started."""
    yield from _stage(request, postgres, opensearch, tmp_path)


@pytest.fixture
def elastic_stage(request, second_postgres, elasticsearch, tmp_path):
    """A stage on an Elasticsearch."""
    yield from _stage(request, second_postgres, elasticsearch, tmp_path)


@pytest.fixture
def two_phase_stage(request, second_postgres, opensearch, tmp_path):
    """A stage whose database can prepare transactions."""
    yield from _stage(request, second_postgres, opensearch, tmp_path)


@pytest.fixture
def crashing_stage(request, crashing_postgres, opensearch, tmp_path):
    """A stage whose PostgreSQL is nobody else's."""
    yield from _stage(request, crashing_postgres, opensearch, tmp_path)


@pytest.fixture
def newest_stage(request, newest_postgres, opensearch, tmp_path):
    """A stage on the newest PostgreSQL."""
    yield from _stage(request, newest_postgres, opensearch, tmp_path)


@pytest.fixture
def running(stage):
    """A stage with Syncline started, and its source and target created."""
    stage.start()
    return stage


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        for path in getattr(item, "log_paths", []):
            report.sections.append((f"end of {path}", common.tail(path, 8000)))


def pytest_runtest_logreport(report):
    if report.skipped and not hasattr(report, "wasxfail"):
        skipped.append(report.nodeid)


def pytest_sessionfinish(session, exitstatus):
    """No test is skipped silently; and who asks for it is told which real servers took part, by
    each of the processes that tests run in."""
    if skipped and exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        print(f"\nskipped tests count as failures: {skipped}")
    proof = os.environ.get("SYNCLINE_SERVERS_PROOF")
    if proof:
        with open(proof, "a", encoding="utf-8") as file:
            file.writelines(
                f"{name} {version}\n" for name, version in sorted(servers_that_ran.items()))
