"""One Syncline process under test, and its REST client."""

import os
import pathlib
import re
import signal
import subprocess

import common
import requests
from common import wait_for

ROOT = pathlib.Path(__file__).resolve().parents[3]
RESIDENT_MB_MAX = 150
BINARY = pathlib.Path(os.environ.get("SYNCLINE_BINARY") or ROOT / "build" / "debug" / "syncline")
STOP_S = 10  # what a stop may take at most


class Api:
    """Requests to one server; paths as in the REST API. Answers are requests' own."""

    def __init__(self, url, token=None):
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def request(self, method, path, body=None, **options):
        options.setdefault("timeout", 30)
        if body is not None:
            options["json"] = body
        return self.session.request(method, self.url + path, **options)

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.request("POST", path, body, **options)

    def put(self, path, body=None, **options):
        return self.request("PUT", path, body, **options)

    def delete(self, path, **options):
        return self.request("DELETE", path, **options)

    def create(self, kind, body):
        """POST that must succeed; the resource as answered."""
        answer = self.post(f"/{kind}", body)
        assert answer.status_code == 201, f"{answer.status_code}: {answer.text}"
        return answer.json()["data"]

    def status(self, job):
        answer = self.get(f"/jobs/{job}/status")
        assert answer.status_code == 200, f"{answer.status_code}: {answer.text}"
        return answer.json()


class Syncline:
    """A `syncline serve` process; start, stop, kill and start again on the same data directory."""

    def __init__(self, folder, token=None, environment=None, arguments=(), port=0):
        """port: 0 for a free one, None for none on the command line."""
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data_dir = self.folder / "data"
        self.log_path = self.folder / "syncline.log"
        self.port = common.free_port() if port == 0 else port
        self.port_arguments = [] if port is None else ["--port", str(self.port)]
        self.token = token
        self.environment = dict(environment or {})
        self.arguments = list(arguments)
        self.process = None
        self.api = Api(self.url, token)

    def assert_memory(self, mb_max=RESIDENT_MB_MAX):
        """The most that the process ever had resident keeps the budget of docs/performance.md, or
        this one where rows are huge."""
        if os.environ.get("SYNCLINE_SANITIZED") or self.is_dead():
            return
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        resident_kb = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])
        assert resident_kb < mb_max * 1024, f"{resident_kb} kB resident"

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self, failpoint=None):
        self.launch(failpoint)

        def answers():
            if self.process.poll() is not None:
                raise common.ServerFailed(f"syncline ended with {self.process.returncode}:\n"
                                          + common.tail(self.log_path))
            return requests.get(self.url + "/health/live", timeout=5).status_code == 200
        wait_for(answers, 30, "syncline answers")
        return self

    def launch(self, failpoint=None):
        """Starts the process without waiting for an answer (one with a failpoint may die first)."""
        assert BINARY.exists(), f"{BINARY} is not built: run ./dev build"
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("SYNCLINE_", "AWS_")) and name != "PORT"}
        environment.update(self.environment)
        if self.token:
            environment["SYNCLINE_API_TOKEN"] = self.token
        if failpoint:
            environment["SYNCLINE_FAILPOINT"] = failpoint
        with open(self.log_path, "a") as log:
            log.write(f"--- start {failpoint or ''}\n")
        self.process = common.spawn(
            [str(BINARY), "serve", "--data-dir", str(self.data_dir), *self.port_arguments,
             *self.arguments], self.log_path, environment)

    def stop(self):
        """SIGTERM; must end cleanly within STOP_S."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"syncline did not stop within {STOP_S} s") from None
        assert self.process.returncode == 0, f"syncline ended with {self.process.returncode}"

    def kill(self):
        self.process.kill()
        self.process.wait()

    def restart(self, kill=False):
        self.kill() if kill else self.stop()
        return self.start()

    def end(self):
        """After a test: whatever runs is ended, without judging."""
        if self.process and self.process.poll() is None:
            self.kill()

    def is_dead(self):
        return self.process.poll() is not None

    def wait_dead(self, timeout_s=60):
        wait_for(self.is_dead, timeout_s, "syncline ended")
        return self.process.returncode


def run_command(*arguments, environment=None, timeout_s=20):
    """A syncline command to its end: subprocess.CompletedProcess with text output."""
    clean = {name: value for name, value in os.environ.items()
             if not name.startswith("SYNCLINE_") and name != "PORT"}
    return subprocess.run([str(BINARY), *arguments], stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=timeout_s,
                          env={**clean, **(environment or {})})
