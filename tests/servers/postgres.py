"""A private PostgreSQL from Debian's package, on loopback, in a folder of its own.

The machine's own cluster is never touched. PostgreSQL refuses to run as root, so root runs it as
`postgres`. Other versions are fetched once into the cache.

    python3 postgres.py fetch     fetches those that tests use
"""

import glob
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tarfile
import zipfile

import cached
import common

SUPERUSER = "syncline_test"
PASSWORD = "a password with 'quotes\" and % signs"

# The last releases, by version. They hold no clients (psql, pg_dump): Debian's talk to all of them.
RELEASES = {13: "13.23.0", 14: "14.24.0", 16: "16.15.0", 17: "17.11.0", 18: "18.6.0"}
NEWEST = 18


def fetch(version):
    """The folder of another version: bin, lib, share."""
    pom = "postgresql-pom.xml"

    def build(folder):
        cached.fetch_jars(pom, folder, release=RELEASES[version])
        jar, = folder.glob("lib/*.jar")
        with zipfile.ZipFile(jar) as content:
            archive, = (name for name in content.namelist() if name.endswith(".txz"))
            with content.open(archive) as packed, tarfile.open(fileobj=packed, mode="r:xz") as tar:
                tar.extractall(folder / "programs")
        shutil.rmtree(folder / "lib")
    return cached.folder_of(f"postgresql-{RELEASES[version]}", [pom], build) / "programs"


def binaries():
    """The newest installed PostgreSQL's programs."""
    found = glob.glob("/usr/lib/postgresql/*/bin/initdb")
    if not found:
        raise common.ServerFailed("PostgreSQL is not installed: run ./dev setup")
    return pathlib.Path(max(found, key=lambda path: float(path.split("/")[4]))).parent


def _server_user():
    return "postgres" if os.geteuid() == 0 else None


class PostgresServer:
    """One server. start() after stop() comes back with the same data on the same port."""

    def __init__(self, home, fsync=False, settings=None, password=PASSWORD, version=None):
        """version: another than Debian's, one of RELEASES."""
        self.home = pathlib.Path(home)
        self.port = common.free_port()
        self.user = SUPERUSER
        self.password = password
        self.log_path = self.home / "postgres.log"
        self.data = self.home / "data"
        self.version = version
        self.clients = binaries()
        self.bin = self.home / "programs" / "bin" if version else self.clients
        self.process = None
        self.settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "100",
            "shared_buffers": "128MB",
            "max_wal_size": "2GB",
            "fsync": "on" if fsync else "off",
            "synchronous_commit": "on" if fsync else "off",
            "full_page_writes": "on" if fsync else "off",
            "logging_collector": "off",
            "log_line_prefix": "%m [%p] %a ",
            # A server in another zone shows whoever forgets to set one.
            "timezone": "Asia/Kathmandu",
            "datestyle": "SQL, DMY",
            **(settings or {}),
        }

    def create(self):
        """initdb into the home folder."""
        self.home.mkdir(parents=True, exist_ok=True)
        if self.version:  # the server's user may not enter the cache
            shutil.copytree(fetch(self.version), self.home / "programs", symlinks=True)
        password_file = self.home / "password"
        password_file.write_text(self.password + "\n")
        if _server_user():
            shutil.chown(self.home, _server_user(), _server_user())
            shutil.chown(password_file, _server_user(), _server_user())
        command = [str(self.bin / "initdb"), "-D", str(self.data), "-U", self.user,
                   "--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256",
                   f"--pwfile={password_file}", "--no-sync", "--no-instructions"]
        initdb = common.spawn(command, self.log_path, cwd="/", user=_server_user(),
                              environment={**os.environ, "LC_ALL": "C.UTF-8"})
        if initdb.wait(120) != 0:
            raise common.ServerFailed("initdb failed:\n" + common.tail(self.log_path))
        password_file.unlink()
        return self

    def copy_of(self, primary):
        """A standby: a copy that follows the primary. Instead of create()."""
        self.home.mkdir(parents=True, exist_ok=True)
        if _server_user():
            shutil.chown(self.home, _server_user(), _server_user())
        backup = common.spawn(
            [str(self.clients / "pg_basebackup"), "-D", str(self.data), "-h", "127.0.0.1", "-R",
             "-p", str(primary.port), "-U", primary.user, "--checkpoint=fast", "--no-sync"],
            self.log_path, cwd="/", user=_server_user(),
            environment={**os.environ, "PGPASSWORD": primary.password})
        if backup.wait(120) != 0:
            raise common.ServerFailed("pg_basebackup failed:\n" + common.tail(self.log_path))
        return self

    def start(self, timeout_s=60):
        command = [str(self.bin / "postgres"), "-D", str(self.data)]
        for name, value in self.settings.items():
            command += ["-c", f"{name}={value}"]
        self.process = common.spawn(command, self.log_path, cwd="/", user=_server_user(),
                                    death_signal="INT")

        def ready():
            if self.process.poll() is not None:
                raise common.ServerFailed(
                    f"PostgreSQL ended with {self.process.returncode}:\n"
                    + common.tail(self.log_path))
            return subprocess.run(
                [str(self.clients / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)],
                stdin=subprocess.DEVNULL).returncode == 0
        common.wait_for(ready, timeout_s, "PostgreSQL accepts connections")
        return self

    def stop(self):
        """Fast shutdown: sessions are ended, nothing is lost."""
        if self.process:
            common.end(self.process, signal.SIGINT, 60)

    def stop_immediately(self):
        """As a crash: the next start recovers from the log."""
        if self.process:
            common.end(self.process, signal.SIGQUIT, 60)

    def restart(self, immediate=False):
        self.stop_immediately() if immediate else self.stop()
        return self.start()

    def connection_parameters(self, database="postgres"):
        """Keyword arguments of psycopg2.connect()."""
        return {"host": "127.0.0.1", "port": self.port, "user": self.user,
                "password": self.password, "dbname": database}

    def source_config(self, database):
        """The `config` of a Syncline source."""
        return {"host": "127.0.0.1", "port": self.port, "user": self.user,
                "password": self.password, "database": database}


if __name__ == "__main__":
    if sys.argv[1:] != ["fetch"]:
        sys.exit(__doc__)
    print(fetch(NEWEST))
