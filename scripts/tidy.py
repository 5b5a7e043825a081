"""clang-tidy over the sources, in parallel. What was found clean before, by the same release with
the same rules, is not looked at again: the cache holds a name for each such text.

    python3 scripts/tidy.py BUILD_FOLDER
"""

import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = pathlib.Path(os.environ.get("SYNCLINE_CACHE")
                     or pathlib.Path.home() / ".cache" / "syncline") / "tidy"
TIDY = ["clang-tidy", "--quiet",
        "--extra-arg-before=-Wno-unknown-warning-option"]  # the compile commands are for GCC


def output_of(command, cwd=ROOT):
    return subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.PIPE).stdout


def name_of(entry, rules):
    """A digest of all that the verdict depends on, wherever the clone stands."""
    command = [part for part in shlex.split(entry["command"]) if not part.endswith("ccache")]
    # Comments stay in: they may silence a check. Without -P lines would name folders.
    preprocess = command[:command.index("-o")] + ["-E", "-P", "-C", entry["file"]]
    flags = " ".join(command).replace(entry["directory"], "").replace(str(ROOT), "")
    text = output_of(preprocess, entry["directory"])
    return hashlib.sha256(rules + flags.encode() + text).hexdigest()


def check(entry, folder, rules):
    """What clang-tidy finds fault with; nothing if the file is clean."""
    known = CACHE / name_of(entry, rules)
    if known.exists():
        known.touch()
        return ""
    done = subprocess.run([*TIDY, "-p", folder, entry["file"]], cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    if done.returncode == 0:
        known.touch()
        return ""
    return done.stdout or f"clang-tidy ended with {done.returncode} on {entry['file']}\n"


def main():
    folder = sys.argv[1]
    CACHE.mkdir(parents=True, exist_ok=True)
    rules = output_of(["clang-tidy", "--version"]) + (ROOT / ".clang-tidy").read_bytes()
    entries = [entry for entry in json.loads((ROOT / folder / "compile_commands.json").read_text())
               if pathlib.Path(entry["file"]).is_relative_to(ROOT / "src")]
    if not entries:
        sys.exit(f"{folder} names no sources")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(lambda entry: check(entry, folder, rules), entries))
    print("".join(found), end="")
    print(f"clang-tidy: {len(entries)} files, {sum(map(bool, found))} with faults")
    sys.exit(any(found))


if __name__ == "__main__":
    main()
