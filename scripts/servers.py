"""./dev servers start | stop: a PostgreSQL and an OpenSearch to work against by hand.

`start` puts them into the background and prints how to reach them; their data goes with `stop`.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "servers"))
import common  # noqa: E402
from opensearch import OpenSearchServer  # noqa: E402
from postgres import PostgresServer  # noqa: E402

STATE = common.CACHE / "servers.json"


def read_state():
    """The running keeper's state, or None."""
    try:
        state = json.loads(STATE.read_text())
        command = pathlib.Path(f"/proc/{state['pid']}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return state if b"servers.py" in command else None


def run():
    """The keeper: holds both servers until it is told to end."""
    folder = common.scratch("servers")
    database = cluster = None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        database = PostgresServer(folder / "postgres").create().start()
        cluster = OpenSearchServer(folder / "opensearch").start()
        temporary = STATE.with_suffix(".new")
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps({
            "pid": os.getpid(), "folder": str(folder), "opensearch": cluster.url,
            "postgres": database.connection_parameters()}))
        temporary.rename(STATE)
        signal.pause()
    finally:
        for server in (cluster, database):
            if server:
                server.stop()
        STATE.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)


def start():
    if not read_state():
        STATE.parent.mkdir(parents=True, exist_ok=True)
        STATE.unlink(missing_ok=True)
        with open(STATE.with_suffix(".log"), "wb") as log:
            keeper = subprocess.Popen([sys.executable, __file__, "run"], stdout=log, stderr=log,
                                      stdin=subprocess.DEVNULL, start_new_session=True)

        def ready():
            if keeper.poll() is not None:
                raise common.ServerFailed(common.tail(STATE.with_suffix(".log")))
            return read_state()
        common.wait_for(ready, 300, "both servers up")
    state = read_state()
    postgres = state["postgres"]
    print(f"OpenSearch  {state['opensearch']}")
    print(f"PostgreSQL  host={postgres['host']} port={postgres['port']} user={postgres['user']} "
          f"dbname={postgres['dbname']}\n            password: {postgres['password']}")
    print(f"data below  {state['folder']} (gone with: ./dev servers stop)")


def stop():
    state = read_state()
    if not state:
        print("no servers are running")
        return
    os.kill(state["pid"], signal.SIGTERM)
    common.wait_for(lambda: not read_state(), 90, "the servers ended")
    print("stopped")


if __name__ == "__main__":
    verbs = {"start": start, "stop": stop, "run": run}
    if len(sys.argv) != 2 or sys.argv[1] not in verbs:
        sys.exit(__doc__)
    verbs[sys.argv[1]]()
