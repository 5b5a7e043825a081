"""What Syncline tells is true, says whom it is about, and holds no secret."""

import base64
import contextlib
import http.server
import json
import threading
import urllib.parse

import pytest
import requests
from common import tail, wait_for
from psycopg2 import sql

# -- the kind of an error ------------------------------------------------------------------------


def changed_source(stage, **config):
    body = stage.source_body()
    body["config"].update(config)
    answer = stage.api.put("/sources/shop", body)
    assert answer.status_code == 200, answer.text


def wait_kind(stage, job, kind, *words):
    def told():
        error = stage.api.status(job)["error"] or {"kind": None, "message": ""}
        assert error["kind"] == kind and all(word in error["message"] for word in words), error
        return True
    wait_for(told, 30, f"error {kind} with {words}")


def test_who_refuses_is_not_unreachable(running):
    """A wrong password was told as source_unreachable."""
    running.run("CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1)")
    job = running.add_job("a", ["id:integer"])
    running.wait_until_equal()
    role = f"outsider_{running.unique}"
    running.run(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'p'; REVOKE CONNECT ON DATABASE {} FROM"
                        " PUBLIC").format(sql.Identifier(role), sql.Identifier(running.database)))
    try:
        changed_source(running, password="wrong")
        wait_kind(running, job, "source_refused", "source shop", "password authentication failed")
        changed_source(running, database="nowhere")
        wait_kind(running, job, "source_refused", "nowhere", "is not there")
        changed_source(running, user=role, password="p")
        wait_kind(running, job, "source_refused", "GRANT CONNECT")
        changed_source(running, port=1)
        wait_kind(running, job, "source_unreachable", "source shop")
        assert "28P01" not in running.syncline.log_path.read_text()
    finally:
        changed_source(running)
        running.run(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))
    running.wait_until_equal()


def test_a_library_that_cannot_be_loaded_names_the_source(running):
    running.run("CREATE EXTENSION hstore; CREATE TABLE a (id int PRIMARY KEY, h hstore);"
                "INSERT INTO a VALUES (1, 'a=>1')")
    library = "UPDATE pg_proc SET probin = %s WHERE probin = %s"
    running.run(library, ("$libdir/gone", "$libdir/hstore"))
    job = running.add_job("a", ["id:integer", {"source_column": "h", "alias": "h",
                                               "type": "object"}])
    wait_kind(running, job, "source", "source shop", "$libdir/gone")
    assert running.api.status(job)["state"] == "waiting"
    running.run(library, ("$libdir/hstore", "$libdir/gone"))
    running.wait_live()


def test_a_cluster_that_is_away_is_unreachable(running):
    running.run("CREATE TABLE a (id int PRIMARY KEY)")
    job = running.add_job("a", ["id:integer"])
    running.wait_until_equal()
    body = running.target_body()
    body["api"]["port"] = 1
    assert running.api.put("/targets/search", body).status_code == 200
    wait_kind(running, job, "target_unreachable", "not reachable")


# -- secrets -------------------------------------------------------------------------------------

PASSWORD = 's3cr"t/Pass+word'
API_KEY = "VGhpcyBpcyBhIGtleTpvZiBhIGNsdXN0ZXI="


class Echo:
    """A gateway before the cluster that repeats what it was sent in the errors that it makes."""

    def __init__(self, opensearch):
        self.mode = None  # "bulk": documents are refused; a status: everything is
        self.heard = []
        echo = self
        api = opensearch.target_api()
        place = f"{api['url']}:{api['port']}"

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                given = self.headers.get("Authorization", "")
                echo.heard.append(given)
                status, answer = echo.answer(self, body, given)
                if answer is None:
                    kept = {name: value for name, value in self.headers.items()
                            if name.lower() in ("content-type", "accept")}
                    real = requests.request(self.command, place + self.path, data=body,
                                            headers=kept, timeout=30)
                    status, answer = real.status_code, real.content
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(answer)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = serve

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def answer(self, handler, body, given):
        decoded = base64.b64decode(given.split()[-1]).decode() if given.startswith("Basic") else ""
        reason = " ".join([
            "no: got", given, urllib.parse.quote(given), decoded, json.dumps(decoded),
            urllib.parse.quote(decoded, safe=""), base64.b64encode(given.encode()).decode(),
            "Signature=" + "0123456789abcdef" * 4])
        error = {"type": "odd " + given, "reason": reason,
                 "caused_by": {"type": "odd", "reason": "below: " + reason}}
        if self.mode == "bulk" and "_bulk" in handler.path:
            actions = [line for line in body.split(b"\n") if line.startswith(b'{"index":{"')]
            items = [{"index": {"status": 400, "error": error}} for _ in actions]
            return 200, json.dumps({"errors": True, "items": items}).encode()
        if isinstance(self.mode, int):
            return self.mode, json.dumps({"error": error, "status": self.mode}).encode()
        return None, None

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def echo(opensearch):
    with contextlib.closing(Echo(opensearch)) as echo:
        yield echo


def forms(secret):
    """What of a secret must be nowhere."""
    quoted = urllib.parse.quote(secret, safe="")
    escaped = json.dumps(secret, ensure_ascii=False)[1:-1]
    return {secret, quoted, escaped, base64.b64encode(secret.encode()).decode().rstrip("=")}


@pytest.mark.parametrize("login", [{"username": "elastic", "password": PASSWORD},
                                   {"api_key": API_KEY}], ids=["password", "api_key"])
def test_what_a_gateway_echoes_is_told_to_nobody(running, echo, login):
    target = {"name": "search", "api": {"url": "http://127.0.0.1", "port": echo.port, **login}}
    assert running.api.put("/targets/search", target).status_code == 200
    running.run("CREATE TABLE a (id int PRIMARY KEY, s text); INSERT INTO a VALUES (1, 'x')")
    job = running.add_job("a", ["id:integer", "s:keyword"])
    running.wait_until_equal()
    told = []

    echo.mode = "bulk"
    running.run("UPDATE a SET s = 'y'")
    wait_for(lambda: running.api.status(job)["parked"] == 1, 30, "a document is parked")
    failures = running.api.get(f"/jobs/{job}/failures").json()
    assert "no: got" in failures["items"][0]["reason"]
    told.append(json.dumps(failures, ensure_ascii=False))

    for status in (503, 400):
        echo.mode = status
        running.command(job, "pause")
        running.command(job, "resume")
        wait_for(lambda: "no: got" in ((running.api.status(job)["error"] or {})
                                       .get("message", "")), 30, "the cluster's reason is told")
        told.append(json.dumps(running.api.status(job), ensure_ascii=False))
        told.append(running.api.get("/health/ready").text)
    told.append(running.syncline.log_path.read_text())

    secret = login.get("password") or login["api_key"]
    header = base64.b64encode(f"elastic:{PASSWORD}".encode()).decode()
    assert any(header in heard or API_KEY in heard for heard in echo.heard)
    for text in told:
        for form in forms(secret) | {header, "0123456789abcdef" * 4}:
            assert form not in text, f"{form} in {tail(running.syncline.log_path)}"
        assert "no: got" in text
