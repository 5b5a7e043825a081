"""A real Elasticsearch on loopback, with security (TLS, a user and a password) or without.

    python3 elasticsearch.py fetch     fetches the program only

Elastic's own archives are on no registry, but SonarQube's, which is, carries one.
"""

import base64
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import zipfile

import cached
import common
from search_server import SearchServer

HERE = pathlib.Path(__file__).resolve().parent
LAUNCHER = "org.elasticsearch.launcher.CliToolLauncher"
SETTINGS = """\
discovery.type: single-node
network.host: 127.0.0.1
http.port: {port}
transport.port: {transport_port}
path.data: {home}/data
path.logs: {home}/logs
cluster.routing.allocation.disk.threshold_enabled: false
action.destructive_requires_name: false
indices.breaker.total.use_real_memory: false
"""
SECURE = """\
xpack.security.enabled: true
xpack.security.transport.ssl.enabled: false
xpack.security.http.ssl.enabled: true
xpack.security.http.ssl.key: key.pem
xpack.security.http.ssl.certificate: certificate.pem
"""
INSECURE = "xpack.security.enabled: false\n"


def fetch():
    """The folder of the program; filled on the first call (759 MB, of which 117 are kept)."""
    return cached.folder_of("elasticsearch", ["elasticsearch-artifact.txt"], _build)


def _build(folder):
    cached.persistently(["mvn", "-B", "-q", "dependency:copy", f"-DoutputDirectory={folder}",
                         f"-Dartifact={(HERE / 'elasticsearch-artifact.txt').read_text().strip()}"])
    archive, = folder.glob("*.zip")
    with zipfile.ZipFile(archive) as content:
        for member in content.infolist():
            parts = pathlib.PurePosixPath(member.filename).parts
            if "elasticsearch" in parts[1:2] and not member.is_dir():
                target = folder / pathlib.Path(*parts[2:])
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read(member))
    archive.unlink()
    (folder / "plugins").mkdir(exist_ok=True)


def _user():
    return "postgres" if os.geteuid() == 0 else None  # it does not run as root


class ElasticsearchServer(SearchServer):
    name = "Elasticsearch"
    modules = {"org.elasticsearch.painless.PainlessPlugin",
               "org.elasticsearch.reindex.ReindexPlugin"}
    username = "elastic"
    password = "a-secret of the tests"

    def __init__(self, home, heap_mb=512, secure=False):
        super().__init__(home, heap_mb)
        (self.config / "elasticsearch.yml").write_text(SETTINGS.format(
            port=self.port, transport_port=self.transport_port, home=self.home)
            + (SECURE if secure else INSECURE))
        (self.config / "jvm.options").write_text("\n".join(
            [f"-Xms{heap_mb}m", f"-Xmx{heap_mb}m", *common.JVM_SHORT_LIVED, ""]))
        if secure:
            self._secure()

    def _secure(self):
        token = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        self.headers["Authorization"] = f"Basic {token}"
        self.ca_file = self.config / "certificate.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
             "/CN=syncline test", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-keyout", str(self.config / "key.pem"), "-out", str(self.ca_file)],
            check=True, capture_output=True)

    def target_api(self):
        if not self.ca_file:
            return super().target_api()
        return {**super().target_api(), "ca_file": str(self.ca_file),
                "username": self.username, "password": self.password}

    def _tool(self, name, *arguments):
        """The command line and environment of one of its tools, run in the program's folder."""
        program = self.home / "program"
        java_home = pathlib.Path(shutil.which("java")).resolve().parent.parent
        command = ["java", "-Xms64m", "-XX:+UseSerialGC", f"-Dcli.name={name}",
                   f"-Dcli.libs=lib/tools/{name}-cli", f"-Des.path.home={program}",
                   f"-Des.path.conf={self.config}", "-Des.distribution.type=zip", "-cp",
                   "lib/*:lib/cli-launcher/*", LAUNCHER, *arguments]
        return command, program, {**os.environ, "ES_HOME": str(program), "ES_JAVA_HOME":
                                  str(java_home), "ES_PATH_CONF": str(self.config)}

    def _install(self):
        """The program is copied, for the cache may be where its user has no business."""
        if (self.home / "program").exists():
            return
        shutil.copytree(fetch(), self.home / "program")
        for arguments, words in ((["create"], ""),
                                 (["add", "-x", "bootstrap.password"], self.password)):
            command, program, environment = self._tool("keystore", *arguments)
            subprocess.run(command, cwd=program, env=environment, input=words, text=True,
                           check=True, capture_output=True)
        if _user():
            for path in [self.home, *self.home.rglob("*")]:
                shutil.chown(path, _user(), _user())

    def launch(self):
        self._install()
        command, program, environment = self._tool("server")
        self.process = common.spawn(command, self.log_path, environment, cwd=program, user=_user())

    def kill(self):
        """The launcher and the server: left alone, that one would end in good order."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


if __name__ == "__main__":
    if sys.argv[1:] != ["fetch"]:
        sys.exit(__doc__)
    fetch()
