"""Measures Syncline against its own limits, each case in servers of its own.

    ./dev bench [CASE...] [--rows N] [--rounds N] [--changes N] [--binary FILE]

Prints a JSON line a figure while it runs, and a table at the end. Everything shares one machine:
trust ratios, and figures of one run beside each other, more than absolute ones.
"""

import argparse
import pathlib

import loading
import streaming
from house import ROOT

CASES = {case.__name__: case for case in (
    loading.load_flat, loading.load_nested, streaming.stream_burst, streaming.stream_paced,
    streaming.fan_out, streaming.backlog, streaming.idle)}


def print_table(figures):
    for figure in figures:
        name = figure.pop("figure")
        values = ", ".join(f"{key.replace('_', ' ')} {value:,}" if not isinstance(value, str)
                           else f"{key} {value}" for key, value in figure.items())
        print(f"| {name} | {values} |")


def main():
    listed = "\n".join(f"  {name:14} {case.__doc__}" for name, case in CASES.items())
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog=f"cases:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", choices=[[], *CASES], default=[])
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the large tables")
    parser.add_argument("--rounds", type=int, default=2, help="of each comparison")
    parser.add_argument("--changes", type=int, default=4000, help="at an even pace")
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "build/release/syncline")
    options = parser.parse_args()
    figures = []
    for name in options.cases or CASES:
        print(f"# {name}", flush=True)
        figures += CASES[name](options)
    print_table(figures)


if __name__ == "__main__":
    main()
