"""What both test servers need: free ports, waiting with a deadline, ending a process."""

import itertools
import os
import pathlib
import random
import signal
import socket
import subprocess
import tempfile
import time

CACHE = pathlib.Path(
    os.environ.get("SYNCLINE_CACHE") or pathlib.Path.home() / ".cache" / "syncline")


# Half the CPU time of a Java server that is started for a few minutes goes into compiling it well.
JVM_SHORT_LIVED = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]


class ServerFailed(Exception):
    """A server did not do what was asked; the message carries the end of its log."""


def _ports():
    """Those of this process: workers of a test run share none. Below the ports that the kernel
    gives to whoever connects, which may not be free any more when a server comes back."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    own = range(10000, 30000)[worker::workers]
    first = random.randrange(len(own))
    return itertools.cycle([*own[first:], *own[:first]])


_own_ports = _ports()


def free_port():
    """A loopback TCP port that is free and that nobody else was given."""
    for port in _own_ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def wait_for(condition, timeout_s, what, interval_s=0.05):
    """Calls condition() until it gives something true, and returns that.

    An exception counts as "not yet"; the last one is named when the deadline passes.
    """
    deadline = time.monotonic() + timeout_s
    last_error = None
    while True:
        try:
            value = condition()
            if value:
                return value
            last_error = f"last value: {value!r}"
        except (KeyboardInterrupt, ServerFailed):
            raise
        except Exception as error:  # noqa: BLE001 (any failure of a probe means "not yet")
            last_error = f"last failure: {type(error).__name__}: {error}"
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout_s} s: {what} ({last_error})")
        time.sleep(interval_s)


def tail(path, bytes_max=4000):
    """The end of a log file, or a word that there is none."""
    try:
        data = pathlib.Path(path).read_bytes()
    except OSError:
        return "(no log)"
    return data[-bytes_max:].decode("utf-8", "replace")


def scratch(prefix):
    """A new temporary folder that other users may enter (PostgreSQL runs as one)."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"syncline-{prefix}-"))
    folder.chmod(0o755)
    return folder


def spawn(command, log_path, environment=None, cwd=None, user=None, death_signal="TERM"):
    """Starts a process that gets `death_signal` when this one ends, killed or not."""
    # In one call with the change of user: that change clears the signal.
    prefix = ["setpriv", "--pdeathsig", death_signal]
    if user:
        prefix += [f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    with open(log_path, "ab") as log:
        return subprocess.Popen(
            [*prefix, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            env=environment, cwd=cwd, start_new_session=True)


def end(process, signal_number=signal.SIGTERM, timeout_s=30):
    """Sends the signal and waits; kills what does not end in time. Returns the exit code."""
    if process.poll() is None:
        process.send_signal(signal_number)
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode
