"""A slow change is seen in two minutes: ratios of one run, and counted instructions, are held
against the bounds in bounds.json. Never absolute times, which say more about the machine.
"""

import json
import pathlib
import re
import stat
import subprocess
import tempfile

import loading
from capture_tax import Writers
from house import ROOT, House

BOUNDS = pathlib.Path(__file__).parent / "bounds.json"
MICRO = ROOT / "build/release/micro"
VALGRIND = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
RATIO_ROWS = 100_000
FEW_ROWS, MANY_ROWS = 5_000, 105_000
SLACK = 1.15  # of instructions: another compiler or C library counts a little differently


def counted(text):
    """What valgrind says at its end."""
    return int(re.findall(r"== Collected : (\d+)", text)[-1])


def micro_instructions():
    """Of one round of each inner loop: the difference between many and few of them."""
    def total(case, times):
        done = subprocess.run([*VALGRIND, str(MICRO), "--repeat", case, str(times)], check=True,
                              capture_output=True, text=True)
        return counted(done.stderr)
    cases = subprocess.run([str(MICRO), "--list"], check=True, capture_output=True,
                           text=True).stdout.split()
    return {case: (total(case, 1100) - total(case, 100)) / 1000 for case in cases}


def engine_instructions(options):
    """Of the whole engine for one row of a load, from COPY to the judged answer."""
    def total(house, rows):
        house.syncline.start()
        house.add_job(f"flat-{rows}", "flat", loading.FLAT, type="index", id="id")
        house.wait_live(f"flat-{rows}")
        house.api.delete(f"/jobs/flat-{rows}")
        house.syncline.stop()
        return counted(house.syncline.log_path.read_text())
    with tempfile.TemporaryDirectory() as folder:
        counting = pathlib.Path(folder) / "syncline"
        counting.write_text(f'#!/bin/sh\nexec {" ".join(VALGRIND)} "{options.binary}" "$@"\n')
        counting.chmod(counting.stat().st_mode | stat.S_IXUSR)
        totals = {}
        for rows in (FEW_ROWS, MANY_ROWS):
            with House(options, binary=counting) as house:
                house.run(loading.FLAT_TABLE.format(rows=rows))
                house.syncline.stop()
                totals[rows] = total(house, rows)
    return {"load_engine_row": (totals[MANY_ROWS] - totals[FEW_ROWS]) / (MANY_ROWS - FEW_ROWS)}


def ratios(options):
    options.rows, options.rounds = RATIO_ROWS, 2
    load = next(figure["ratio"] for figure in loading.load_flat(options)
                if figure["figure"] == "load_flat_ratio")
    with House(options) as house:
        writers = Writers(house, seconds=3, rounds=3)
        writers.halt()
        try:
            writers_share = writers.transactions("transactions", "update", 4)
        finally:
            writers.run_on()
    return {"load_flat_of_raw": load, "writers_with_capture": writers_share}


def check(options):
    """The faults found; nothing if all is within its bounds."""
    bounds = json.loads(BOUNDS.read_text())
    faults = []
    instructions = {**micro_instructions(), **engine_instructions(options)}
    for name, count in instructions.items():
        expected = bounds["instructions"].get(name)
        print(json.dumps({"figure": "instructions", "of": name, "count": round(count),
                          "expected": expected}), flush=True)
        if expected is None or count > expected * SLACK:
            faults.append(f"{name} takes {count:.0f} instructions, not {expected}")
        elif count < expected / 1.5:
            print(f"{name} got faster: lower its bound in {BOUNDS.name}")
    for name, ratio in ratios(options).items():
        least = bounds["ratios_at_least"][name]
        if ratio < least:
            faults.append(f"{name} is {ratio:.2f}, less than {least}")
    return faults
