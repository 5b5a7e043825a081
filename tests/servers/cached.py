"""What is fetched once into the cache and used by every run: jars by Maven, a venv by pip."""

import hashlib
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import common

HERE = pathlib.Path(__file__).resolve().parent


def folder_of(name, recipe, build):
    """The cached folder made by build(folder), named by the recipe's content; whole or not at all.

    recipe: the files beside this one that say what is in it.
    """
    content = hashlib.sha256()
    for part in recipe:
        content.update((HERE / part).read_bytes())
    folder = common.CACHE / f"{name}-{content.hexdigest()[:16]}"
    if folder.exists():
        return folder
    common.CACHE.mkdir(parents=True, exist_ok=True)
    building = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-", dir=common.CACHE))
    print(f"fetching {name} (once) ...", file=sys.stderr, flush=True)
    try:
        build(building)
        try:
            building.rename(folder)
        except OSError:
            if not folder.exists():  # another process was faster otherwise
                raise
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return folder


def fetch_jars(pom, folder, **properties):
    """The dependencies of a pom beside this file, into folder/lib; properties: of the pom."""
    shutil.copy(HERE / pom, folder / "pom.xml")  # maven writes beside it
    persistently(["mvn", "-B", "-q", "-f", str(folder / "pom.xml"),
                  "dependency:copy-dependencies", f"-DoutputDirectory={folder / 'lib'}",
                  "-DincludeScope=runtime",
                  *(f"-D{name}={value}" for name, value in properties.items())])


def persistently(command):
    """Runs it, up to three times: a registry may hiccup."""
    for attempt in range(3):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode == 0:
            return
        print(f"{command[0]} failed (attempt {attempt + 1} of 3)", file=sys.stderr)
        time.sleep(2 * attempt)
    raise common.ServerFailed(f"{command[0]} failed:\n" + done.stdout[-3000:])
