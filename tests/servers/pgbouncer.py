"""A PgBouncer in front of a test's PostgreSQL."""

import os
import pathlib
import shutil

import common

PROGRAM = "/usr/sbin/pgbouncer"


def _server_user():
    return "postgres" if os.geteuid() == 0 else None


class Pgbouncer:
    """Lets everybody in, as the server's superuser."""

    def __init__(self, home, postgres, mode="transaction"):
        self.home = pathlib.Path(home)
        self.port = common.free_port()
        self.log_path = self.home / "pgbouncer.log"
        self.home.mkdir(parents=True, exist_ok=True)
        password = postgres.password.replace("'", "''")
        ini = self.home / "pgbouncer.ini"
        ini.write_text(
            f"[databases]\n* = host=127.0.0.1 port={postgres.port} user={postgres.user}"
            f" password='{password}'\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
            f"listen_port = {self.port}\nauth_type = any\npool_mode = {mode}\n"
            "unix_socket_dir =\nignore_startup_parameters = extra_float_digits\n")
        if _server_user():
            shutil.chown(self.home, _server_user(), _server_user())
            shutil.chown(ini, _server_user(), _server_user())
        self.process = common.spawn([PROGRAM, str(ini)], self.log_path, cwd="/",
                                    user=_server_user())

    def stop(self):
        common.end(self.process, timeout_s=10)
