"""Who is served, and how the process starts and ends."""

import signal

import pytest
import requests
from common import free_port
from syncline import Api, Syncline, run_command


@pytest.fixture
def make(request, tmp_path):
    made = []

    def start(**options):
        syncline = Syncline(tmp_path / f"syncline-{len(made)}", **options)
        made.append(syncline)
        request.node.log_paths = [entry.log_path for entry in made]
        return syncline
    yield start
    for syncline in made:
        syncline.end()


def code(answer):
    return answer.status_code, answer.json()["error"]["code"]


def test_a_foreign_origin_is_refused_always(make):
    for token in (None, "a-token"):
        syncline = make(token=token).start()
        own = f"http://127.0.0.1:{syncline.port}"
        assert syncline.api.get("/jobs", headers={"Origin": own}).status_code == 200
        for origin in ("http://evil.example", "null", f"http://127.0.0.1:{syncline.port + 1}"):
            answer = syncline.api.get("/jobs", headers={"Origin": origin})
            assert code(answer) == (403, "forbidden_origin"), origin


@pytest.mark.parametrize("host, status", [
    ("127.0.0.1", 200), ("localhost", 200), ("localhost:5461", 200), ("[::1]", 200),
    ("evil.example", 403), ("127.0.0.1.evil.example", 403), ("localhost.evil.example:80", 403)])
def test_without_a_token_only_loopback_names_are_served(make, host, status):
    answer = make().start().api.get("/jobs", headers={"Host": host})
    assert answer.status_code == status
    if status == 403:
        assert code(answer)[0] == 403


def test_with_a_token_every_path_but_health_needs_it(make):
    syncline = make(token="the-token").start()
    stranger = Api(syncline.url)
    for path in ("/jobs", "/v1/jobs", "/sources", "/metrics", "/openapi.json", "/events"):
        assert code(stranger.get(path)) == (401, "unauthorized"), path
    for wrong in ("Bearer the-toke", "Bearer the-token2", "Bearer", "Basic the-token", "the-token"):
        answer = stranger.get("/jobs", headers={"Authorization": wrong})
        assert code(answer) == (401, "unauthorized"), wrong
    assert stranger.get("/health/live").status_code == 200
    assert stranger.get("/health/ready").status_code == 200
    assert syncline.api.get("/jobs").json() == []
    assert "the-token" not in syncline.log_path.read_text()


def test_another_address_needs_a_token(make, tmp_path):
    for address in ("0.0.0.0", "::"):
        open_server = run_command("serve", "--data-dir", str(tmp_path / "open"), "--port",
                                  str(free_port()), "--listen", address)
        assert open_server.returncode in (2, 3), (address, open_server)
        assert "token" in open_server.stderr.lower()
    syncline = make(token="t", arguments=["--listen", "0.0.0.0"]).start()
    assert syncline.api.get("/jobs").status_code == 200


def test_the_port_may_come_from_the_environment(make):
    port = free_port()
    syncline = make(environment={"PORT": str(port)}, port=None)
    syncline.port = port
    syncline.start()
    assert requests.get(f"http://127.0.0.1:{port}/health/live", timeout=5).status_code == 200


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_cleanly(make, signal_number):
    syncline = make().start()
    syncline.process.send_signal(signal_number)
    assert syncline.process.wait(10) == 0


def test_a_data_directory_serves_one_process(make):
    syncline = make().start()
    second = run_command("serve", "--data-dir", str(syncline.data_dir), "--port",
                         str(free_port()))
    assert second.returncode == 3, second
    assert str(syncline.data_dir) in second.stderr
    assert syncline.api.get("/health/live").status_code == 200
    syncline.kill()
    syncline.start()


def test_a_taken_port_is_could_not_start(make, tmp_path):
    syncline = make().start()
    second = run_command("serve", "--data-dir", str(tmp_path / "other"), "--port",
                         str(syncline.port))
    assert second.returncode == 3, second


@pytest.mark.parametrize("arguments", [
    ["serve", "--surplus"], ["nonsense"], [], ["serve", "--port", "abc"],
    ["serve", "--port", "65536"]])
def test_usage(arguments):
    assert run_command(*arguments).returncode == 2
