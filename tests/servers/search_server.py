"""What the two kinds of search servers share: waiting until one is of use, asking it, ending it."""

import json
import pathlib
import signal
import ssl
import urllib.request

import common
import requests

# What a console gets; a server's own log files would be one more place to look.
LOG4J = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
"""


class SearchServer:
    """One node. start() after stop() or kill() comes back with the same data on the same port."""

    name = ""
    modules = set()  # classes that must be there

    def __init__(self, home, heap_mb):
        self.home = pathlib.Path(home)
        self.heap_mb = heap_mb
        self.port = common.free_port()
        self.transport_port = common.free_port()
        self.log_path = self.home / f"{self.name.lower()}.log"
        self.process = None
        self.headers = {"Content-Type": "application/json"}
        self.ca_file = None  # with one it speaks TLS
        self.config = self.home / "config"
        self.config.mkdir(parents=True)
        (self.config / "log4j2.properties").write_text(LOG4J)

    @property
    def url(self):
        return f"{'https' if self.ca_file else 'http'}://127.0.0.1:{self.port}"

    def target_api(self):
        """The `api` of a Syncline target."""
        return {"url": self.url.rsplit(":", 1)[0], "port": self.port}

    def session(self):
        """For asking it many things; the caller closes it."""
        session = requests.Session()
        session.trust_env = False
        session.headers.update(self.headers)
        session.verify = str(self.ca_file) if self.ca_file else True
        return session

    def launch(self):
        """Starts the process without waiting; wait_ready() does that."""
        raise NotImplementedError

    def start(self, timeout_s=180):
        self.launch()
        self.wait_ready(timeout_s)
        return self

    def wait_ready(self, timeout_s=180):
        """Until it has its modules and a trial index can be written and read."""
        def usable():
            if self.process.poll() is not None:
                raise common.ServerFailed(
                    f"{self.name} ended with {self.process.returncode}:\n"
                    + common.tail(self.log_path))
            return self._trial()
        common.wait_for(usable, timeout_s, f"{self.name} usable", interval_s=0.1)

    def _trial(self):
        nodes = self.request("GET", "/_nodes/plugins")["nodes"].values()
        present = {module["classname"] for node in nodes
                   for module in node["plugins"] + node.get("modules", [])}
        if not self.modules <= present:
            raise common.ServerFailed(f"{self.name} lacks modules: {self.modules - present}")
        self.request("PUT", "/syncline-trial/_doc/1?refresh=true", {"ready": True})
        self.request("DELETE", "/syncline-trial")
        # After a restart the old indices come back a little later than the node.
        health = self.request(
            "GET", "/_cluster/health?wait_for_no_initializing_shards=true&timeout=5s")
        return health["status"] != "red"

    def request(self, method, path, body=None):
        """The decoded JSON answer; raises on any HTTP error."""
        data = None if body is None else json.dumps(body).encode()
        question = urllib.request.Request(self.url + path, data, method=method,
                                          headers=self.headers)
        tls = ssl.create_default_context(cafile=self.ca_file) if self.ca_file else None
        with urllib.request.urlopen(question, timeout=30, context=tls) as answer:
            return json.loads(answer.read() or "null")

    def stop(self):
        """A clean end: the node flushes and closes."""
        if self.process:
            common.end(self.process, signal.SIGTERM, 60)

    def kill(self):
        """As a power cut for the process."""
        if self.process:
            common.end(self.process, signal.SIGKILL)

    def restart(self, kill=False):
        self.kill() if kill else self.stop()
        return self.start()
