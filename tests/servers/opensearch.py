"""A real OpenSearch on loopback, fetched once into the cache and run as a plain node.

    python3 opensearch.py fetch     fetches the jars only
"""

import os
import pathlib
import subprocess
import sys

import cached
import common
from search_server import SearchServer

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


def fetch():
    """The folder with lib/ and classes/; filled on the first call (about 75 MB)."""
    return cached.folder_of("opensearch", ["pom.xml", "TestNode.java"], _build)


def _build(folder):
    cached.fetch_jars("pom.xml", folder)
    subprocess.run(["javac", "-nowarn", "-cp", str(folder / "lib" / "*"), "-d",
                    str(folder / "classes"), str(HERE / "TestNode.java")], check=True)


class OpenSearchServer(SearchServer):
    """One node, without security."""

    name = "OpenSearch"
    modules = {"org.opensearch.painless.PainlessPlugin",
               "org.opensearch.index.reindex.ReindexPlugin"}

    def __init__(self, home, heap_mb=512, fast=False):
        """fast: at its best for loads that last, in return for a costly first minute."""
        super().__init__(home, heap_mb)
        self.fast = fast
        (self.config / "opensearch.yml").write_text("" if fast else SETTINGS_SERIAL)

    def launch(self):
        program = fetch()
        kind = JVM_FAST if self.fast else common.JVM_SHORT_LIVED
        command = ["java", f"-Xms{self.heap_mb}m", f"-Xmx{self.heap_mb}m", *kind, *JVM_FLAGS,
                   "-cp", f"{program / 'classes'}:{program / 'lib' / '*'}", "TestNode",
                   str(self.home), str(self.port), str(self.transport_port)]
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        self.process = common.spawn(command, self.log_path, environment)


if __name__ == "__main__":
    if sys.argv[1:] != ["fetch"]:
        sys.exit(__doc__)
    fetch()
