#!/usr/bin/env python3
"""Reclaim keeps what is in use and frees enough with little work: bounds on numbers of virtual time. Prints TAP.

usage: reclaim.py --build DIR
"""
import argparse
import os
import sys
import tempfile

from pressure import HOLES, HOT, OUT, STREAM, Run, make_disks

# A hot set of a quarter of memory beside a stream of ten times the memory: of 1000 pages, at least so many stay.
LEAST_HOT = 900
# load, pages freed a virtual second, pages looked at for one that is freed
BOUNDS = [
    (["clean", HOLES], 40000, 1.3),
    (["dirty", OUT, "64"], 8000, 1.6),
    (["anon", "32", "1"], 8000, 6.0),
    (["mixed", HOLES, "24", OUT], 15000, 2.5),
]


def check_hot_set(kind, run):
    run = run(["hot", kind, STREAM, HOT])
    worst = run.values["worst-per-mille"]
    if run.values["streamed-mib"] != 160 or run.values["hot-pages"] != 1024 or run.stolen < 30000:
        return ["it did not stream ten times the memory: %s" % run.values]
    return [] if worst >= LEAST_HOT else ["%d of 1000 pages of the hot set stay" % worst]


def check_bounds(load, pages_a_second, work, run):
    run = run(load)
    problems = [] if run.pages_a_second >= pages_a_second else ["%d pages a second" % run.pages_a_second]
    return problems + ([] if run.work <= work else ["%.2f pages looked at for each that is freed" % run.work])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    build = os.path.abspath(parser.parse_args().build)
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        make_disks(folder)

        def run(load):
            return Run(build, folder, "16M", load)

        cases = [("a hot set stays: " + kind, lambda kind=kind: check_hot_set(kind, run)) for kind in ("anon", "mapped", "read")]
        cases += [("reclaim frees: " + bounds[0][0], lambda bounds=bounds: check_bounds(*bounds, run)) for bounds in BOUNDS]
        print("1..%d" % len(cases))
        for number, (name, case) in enumerate(cases, 1):
            try:
                problems = case()
            except RuntimeError as error:
                problems = [str(error)]
            failed += bool(problems)
            print("%s %d - %s" % ("not ok" if problems else "ok", number, name), *["# " + p for p in problems], sep="\n", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
