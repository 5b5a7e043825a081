"""A file system of its own that is soon full."""

import contextlib
import subprocess

BALLAST = "ballast"


@contextlib.contextmanager
def mounted(folder, size, owner=0, group=0):
    """Mounts one of that size on the folder, as root does, and unmounts it."""
    options = f"size={size},mode=0700,uid={owner},gid={group}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(folder):
    with open(folder / BALLAST, "wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(b"x" * 4096)
        except OSError:
            pass


def make_room(folder):
    (folder / BALLAST).unlink(missing_ok=True)
