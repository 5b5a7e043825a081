"""A real OpenSearch on loopback, fetched once into the cache and run as a plain node.

    python3 opensearch.py fetch     fetches the jars only
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import urllib.request

import cached
import common

HERE = pathlib.Path(__file__).resolve().parent
JVM_FLAGS = [
    "-Dio.netty.noUnsafe=true", "-Dio.netty.noKeySetOptimization=true",
    "-Dio.netty.recycler.maxCapacityPerThread=0", "-Dio.netty.allocator.numDirectArenas=0",
    "-Dlog4j2.formatMsgNoLookups=true", "-Djava.awt.headless=true", "-Dfile.encoding=UTF-8",
]
# For measuring. A node that lives for minutes spends half of its time on compiling itself well.
JVM_FAST = ["-XX:+UseG1GC"]
# The serial collector leaves garbage until it must; taken for use, that trips the parent breaker.
SETTINGS_SERIAL = "indices.breaker.total.use_real_memory: false\n"
LOG4J = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
"""
MODULES = {"org.opensearch.painless.PainlessPlugin", "org.opensearch.index.reindex.ReindexPlugin"}


def fetch():
    """The folder with lib/ and classes/; filled on the first call (about 75 MB)."""
    return cached.folder_of("opensearch", ["pom.xml", "TestNode.java"], _build)


def _build(folder):
    cached.fetch_jars("pom.xml", folder)
    subprocess.run(["javac", "-nowarn", "-cp", str(folder / "lib" / "*"), "-d",
                    str(folder / "classes"), str(HERE / "TestNode.java")], check=True)


class OpenSearchServer:
    """One node. start() after stop() or kill() comes back with the same data on the same port."""

    def __init__(self, home, heap_mb=512, fast=False):
        """fast: at its best for loads that last, in return for a costly first minute."""
        self.home = pathlib.Path(home)
        self.heap_mb = heap_mb
        self.fast = fast
        self.port = common.free_port()
        self.transport_port = common.free_port()
        self.log_path = self.home / "opensearch.log"
        self.process = None
        config = self.home / "config"
        config.mkdir(parents=True)
        (config / "opensearch.yml").write_text("" if fast else SETTINGS_SERIAL)
        (config / "log4j2.properties").write_text(LOG4J)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self, timeout_s=180):
        self.launch()
        self.wait_ready(timeout_s)
        return self

    def launch(self):
        """Starts the process without waiting; wait_ready() does that."""
        program = fetch()
        kind = JVM_FAST if self.fast else common.JVM_SHORT_LIVED
        command = ["java", f"-Xms{self.heap_mb}m", f"-Xmx{self.heap_mb}m", *kind, *JVM_FLAGS,
                   "-cp", f"{program / 'classes'}:{program / 'lib' / '*'}", "TestNode",
                   str(self.home), str(self.port), str(self.transport_port)]
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        self.process = common.spawn(command, self.log_path, environment)

    def wait_ready(self, timeout_s=180):
        """Until it has its modules and a trial index can be written and read."""
        def usable():
            if self.process.poll() is not None:
                raise common.ServerFailed(
                    f"OpenSearch ended with {self.process.returncode}:\n"
                    + common.tail(self.log_path))
            return self._trial()
        common.wait_for(usable, timeout_s, "OpenSearch usable", interval_s=0.1)

    def _trial(self):
        nodes = self.request("GET", "/_nodes/plugins")["nodes"].values()
        present = {module["classname"] for node in nodes
                   for module in node["plugins"] + node.get("modules", [])}
        if not MODULES <= present:
            raise common.ServerFailed(f"OpenSearch lacks modules: {MODULES - present}")
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
                                          headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(question, timeout=30) as answer:
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


if __name__ == "__main__":
    if sys.argv[1:] != ["fetch"]:
        sys.exit(__doc__)
    fetch()
