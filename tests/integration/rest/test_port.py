"""The port under attack: unfinished requests, clients that read or write slowly, and databases that
do not answer hold up nobody else."""

import contextlib
import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from bodies import JOB, SOURCE, TARGET
from common import wait_for
from syncline import Syncline

HEALTH_S = 1  # on a busy machine; a few milliseconds on an idle one
ATTACKERS = 200
HEAD = b"POST /sources HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    syncline = Syncline(tmp_path_factory.mktemp("port") / "syncline").start()
    for kind, body in (("sources", SOURCE), ("targets", TARGET)):
        syncline.api.create(kind, body)
    yield syncline
    assert not syncline.is_dead()
    syncline.stop()


def connect(server, receive_bytes=None):
    client = socket.socket()
    if receive_bytes:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    client.settimeout(30)
    client.connect(("127.0.0.1", server.port))
    return client


@contextlib.contextmanager
def attackers(server, *sent, receive_bytes=None, count=ATTACKERS):
    """Connections that have sent this, in turn, and do no more."""
    clients = []
    try:
        for i in range(count):
            client = connect(server, receive_bytes)
            clients.append(client)
            with contextlib.suppress(OSError):  # it may have been closed to make room
                client.sendall(sent[i % len(sent)])
        yield clients
    finally:
        for client in clients:
            client.close()


def ask(server, data):
    """The whole answer to these bytes; what the server did not take is not sent."""
    with connect(server) as client:
        try:
            client.sendall(data)
        except OSError:
            pass
        answer = b""
        while piece := client.recv(65536):
            answer += piece
    return answer


def assert_served(server, for_s=1.0):
    """Health at once, again and again, and real requests still succeed."""
    deadline = time.monotonic() + for_s
    slowest = 0
    while time.monotonic() < deadline:
        begun = time.monotonic()
        assert server.api.get("/health/live", timeout=30).status_code == 200
        slowest = max(slowest, time.monotonic() - begun)
    assert slowest < HEALTH_S, f"{slowest:.2f} s"
    begun = time.monotonic()
    assert server.api.get("/health/ready", timeout=30).status_code in (200, 503)
    assert server.api.get("/sources", timeout=30).status_code == 200
    assert server.api.put("/targets/search", TARGET, timeout=30).status_code == 200
    assert time.monotonic() - begun < 4 * HEALTH_S


def assert_bounded(server):
    server.assert_memory()
    descriptors = len(os.listdir(f"/proc/{server.process.pid}/fd"))
    assert descriptors < 400, descriptors


UNFINISHED = {
    "nothing": [b""],
    "half a head": [b"GET /jobs HTTP/1.1\r\nHo", b"P", b"GET /health/live HTTP/1.1\r\n"],
    "no body": [HEAD + b"Content-Length: 1000\r\n\r\n"],
    "half a body": [HEAD + b"Content-Length: 1000\r\n\r\n{",
                    HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{\"a"],
    "waiting to continue": [HEAD + b"Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n"],
    "large heads": [b"GET /jobs HTTP/1.1\r\n" + b"A: %s\r\n" % (b"x" * 30_000)],
    "large bodies": [HEAD + b"Content-Length: 1000000\r\n\r\n" + b" " * 999_999],
}


@pytest.mark.parametrize("sent", UNFINISHED.values(), ids=UNFINISHED.keys())
def test_unfinished_requests_hold_up_nobody(server, sent):
    with attackers(server, *sent):
        assert_served(server)
        assert_bounded(server)


def test_bytes_one_by_one_hold_up_nobody(server):
    stop = threading.Event()
    with attackers(server, b"") as clients:
        def drip():
            for byte in HEAD * 20:
                for client in clients:
                    with contextlib.suppress(OSError):
                        client.send(bytes([byte]))
                if stop.wait(0.005):
                    return
        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            assert_served(server)
            assert_bounded(server)
        finally:
            stop.set()
            dripping.join()


def test_connections_kept_alive_hold_up_nobody(server):
    whole = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n"
    with attackers(server, whole):
        assert_served(server)
        assert_bounded(server)


def test_connections_cut_in_the_middle_leave_nothing(server):
    before = len(os.listdir(f"/proc/{server.process.pid}/fd"))
    for _ in range(3):
        with attackers(server, HEAD + b"Content-Length: 9\r\n\r\n{", b"GET /sources HT",
                       b"GET /sources HTTP/1.1\r\nHost: localhost\r\n\r\n"):
            pass
    assert_served(server)
    wait_for(lambda: len(os.listdir(f"/proc/{server.process.pid}/fd")) <= before + 8, 10,
             "the descriptors are free again")


def test_more_connections_than_there_is_room_for(server):
    with attackers(server, b"GET /jobs HT"), attackers(server, b"GE"), attackers(server, b""):
        assert_served(server)
        assert_bounded(server)


def test_answers_that_nobody_reads_hold_up_nobody(server):
    names = [f"large-{i}" for i in range(4)]
    for name in names:
        body = {**TARGET, "name": name, "api": {**TARGET["api"], "url": "http://localhost"}}
        server.api.create("targets", body)
        job = {**JOB, "name": name, "target": {**JOB["target"], "index": name, "settings": {
            "analysis": {"note": "x" * 1_000_000}}}}
        server.api.create("jobs", job)
    request = b"GET /jobs HTTP/1.1\r\nHost: localhost\r\n\r\n"
    try:
        with attackers(server, request, receive_bytes=4096, count=30):
            assert_served(server)
            assert_bounded(server)
            assert len(ask(server, request)) > 4_000_000
    finally:
        for name in names:
            server.api.delete(f"/jobs/{name}")
            server.api.delete(f"/targets/{name}")


def test_a_request_in_pieces_is_one_request(server):
    body = b'{"name": "pieces", "api": {"url": "http://localhost", "port": 9200}}'
    request = b"POST /targets%s%d\r\n\r\n%s" % (
        HEAD.removeprefix(b"POST /sources") + b"Content-Length: ", len(body), body)
    with connect(server) as client:
        for byte in request:
            client.send(bytes([byte]))
        assert client.recv(65536).startswith(b"HTTP/1.1 201")
    assert server.api.delete("/targets/pieces").status_code == 200


GET = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n"
BODY = b'{"name": "other", "api": {"url": "http://localhost", "port": 9200}}'
POST = HEAD.replace(b"/sources", b"/targets")
CHUNKS = b"%x;note=1\r\n%s\r\n0\r\nTrailer: x\r\n\r\n" % (len(BODY), BODY)


@pytest.mark.parametrize("sent, status", [
    (GET + b"\r\n", 200),
    (b"GET /health/live HTTP/1.0\r\nHost: localhost\r\n\r\n", 200),
    (GET + b"Content-Length: 5\r\n\r\nhello", 200),  # a GET's body is not looked at
    (b"GET /health/%6cive HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
    (b"GET /health/live?a=%20&b HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
    (GET + b"\r\n" + GET + b"\r\n", 200),  # one request a connection: the second gets none
    # Two readers could see two different requests.
    (GET + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (GET + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400),
    (GET + b"Content-Length: +5\r\n\r\nhello", 400),
    (GET + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 400),
    (GET + b"Transfer-Encoding : chunked\r\n\r\n", 400),
    (GET + b"A: b\r\n c\r\n\r\n", 400),
    (GET + b"A: b\n\r\n\r\n", 400),
    (GET + b"A: b\rC: d\r\n\r\n", 400),
    (GET + b"A: b\0c\r\n\r\n", 400),
    (b"GET /health/live\0 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    (b"GET  /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    (b"GET /health/live HTTP/2.0\r\nHost: localhost\r\n\r\n", 400),
    (b"GET /health/live\r\n\r\n", 400),
    (b"\x16\x03\x01\x02\x00\x01\x00", 400),  # TLS, at once
    (b"GET http://localhost/jobs HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    (b"get /jobs HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
    (b"GET * HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    (b"GET /jobs/%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    (b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % (b"a" * 9000), 414),
    (b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % (b"a" * 90_000), 414),
    (GET + b"A: %s\r\n\r\n" % (b"b" * 40_000), 431),
    (GET + b"A: b\r\n" * 101 + b"\r\n", 431),
    (POST + b"Content-Length: 9999999999999999999999\r\n\r\n", 413),
    (POST + b"Transfer-Encoding: chunked\r\n\r\nfffffffff\r\n", 413),
    (POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n", 413),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n", 400),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n", 400),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS, 201),
    (POST + b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n%s" % (len(BODY), BODY), 201),
])
def test_what_the_port_takes_for_http(server, sent, status):
    answer = ask(server, sent)
    try:
        assert answer.startswith(b"HTTP/1.1 %d " % status), answer
        assert answer.count(b"HTTP/1.1") == 1 and b"\r\nConnection: close\r\n" in answer
    finally:
        if status == 201:
            server.api.delete("/targets/other")


def test_who_waits_to_be_told_to_continue_is_told(server):
    with connect(server) as client:
        client.sendall(POST + b"Content-Length: %d\r\nExpect: 100-Continue\r\n\r\n" % len(BODY))
        assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(BODY)
        assert client.recv(1000).startswith(b"HTTP/1.1 201")
    server.api.delete("/targets/other")
    refused = HEAD.replace(b"json", b"xml") + b"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n"
    assert ask(server, refused).startswith(b"HTTP/1.1 415")


def test_it_stops_at_once_under_attack(tmp_path):
    syncline = Syncline(tmp_path / "syncline").start()
    with attackers(syncline, HEAD + b"Content-Length: 9\r\n\r\n{", b"GET /sources HT", b""):
        begun = time.monotonic()
        syncline.stop()
        assert time.monotonic() - begun < 3


# -- what is asked of a database ------------------------------------------------------------------


def backends(stage):
    """The processes of Syncline's sessions in the test's database."""
    return [pid for pid, in stage.run(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'syncline'"
        " AND datname = current_database() AND backend_type = 'client backend'")]


@contextlib.contextmanager
def stopped(pids):
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def timed_status(stage, job):
    begun = time.monotonic()
    status = stage.api.status(job)
    return time.monotonic() - begun, status


def test_a_status_waits_a_second_for_the_database_and_no_longer(running):
    """Of ten statuses one hung for over 30 s while the backends were stopped."""
    running.run("CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1)")
    jobs = [running.add_job("a", ["id:integer"], name=f"job-{i}", index=running.index(str(i)))
            for i in range(3)]
    running.wait_until_equal()
    assert all("as_of" not in running.api.status(job) for job in jobs)
    with stopped(backends(running)):
        with ThreadPoolExecutor(30) as pool:
            asked = [pool.submit(timed_status, running, job) for job in jobs * 10]
            begun = time.monotonic()
            while not all(one.done() for one in asked):
                assert running.api.get("/health/live").status_code == 200
                assert running.api.get("/health/ready").status_code == 200
            assert time.monotonic() - begun < 5
        for took, status in [one.result() for one in asked] + [timed_status(running, jobs[0])]:
            assert took < 3, took  # thirty at once, on a busy machine
            assert status["state"] == "live" and status["lag"]["changes"] >= 1
            assert status["as_of"].endswith("Z") and status["as_of"][:2] == "20"
        took, status = timed_status(running, jobs[1])
        assert took < 1.5
    running.run("INSERT INTO a VALUES (2)")
    running.wait_until_equal()
    wait_for(lambda: all("as_of" not in running.api.status(job) for job in jobs), 60,
             "statuses are of now again")


def test_a_status_says_since_when_it_knows_nothing_new(running):
    """Also where the database is known to be down, and pausing still answers."""
    running.run("CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1)")
    job = running.add_job("a", ["id:integer"])
    running.wait_until_equal()
    with stopped(backends(running)):
        begun = time.monotonic()
        status = running.command(job, "pause")
        assert time.monotonic() - begun < 3
        assert status["state"] == "paused"
    running.command(job, "resume")
    running.wait_until_equal()
