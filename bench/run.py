"""Measures Syncline against its own limits, each case in servers of its own.

    ./dev bench [CASE...] [--rows N] [--rounds N] [--changes N] [--binary FILE]
    ./dev bench micro     the inner loops alone, with Google Benchmark's flags
    ./dev bench --check   two minutes, against the bounds in bench/bounds.json

Prints a JSON line a figure while it runs, and a table at the end. Everything shares one machine:
trust ratios, and figures of one run beside each other, more than absolute ones.
"""

import argparse
import pathlib
import subprocess
import sys

import loading
import streaming
from capture_tax import capture_tax
from check import MICRO, check
from house import ROOT
from other_tools import other_tools

CASES = {case.__name__: case for case in (
    loading.load_flat, loading.load_nested, streaming.stream_burst, streaming.stream_paced,
    streaming.fan_out, streaming.backlog, capture_tax, streaming.idle,
    other_tools)}


def print_table(figures):
    for figure in figures:
        name = figure.pop("figure")
        values = ", ".join(f"{key.replace('_', ' ')} {value:,}" if not isinstance(value, str)
                           else f"{key} {value}" for key, value in figure.items())
        print(f"| {name} | {values} |")


def main():
    if sys.argv[1:2] == ["micro"]:
        sys.exit(subprocess.run([str(MICRO), *sys.argv[2:]], check=False).returncode)
    listed = "\n".join(f"  {name:14} {case.__doc__}" for name, case in CASES.items())
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog=f"cases:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", choices=[[], *CASES], default=[])
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the large tables")
    parser.add_argument("--rounds", type=int, default=2, help="of each comparison")
    parser.add_argument("--changes", type=int, default=4000, help="at an even pace")
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "build/release/syncline")
    parser.add_argument("--check", action="store_true", help="hold against bench/bounds.json")
    options = parser.parse_args()
    if options.check:
        faults = check(options)
        sys.exit("\n".join(f"SLOW: {fault}" for fault in faults) or 0)
    figures = []
    for name in options.cases or CASES:
        print(f"# {name}", flush=True)
        figures += CASES[name](options)
    print_table(figures)


if __name__ == "__main__":
    main()
