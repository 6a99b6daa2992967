#!/usr/bin/env python3
"""Every kind of stop condition from the command line, on runs where the right stop is known (known_stops.py):
`run --stop` must end at the very block of the first record for which the condition holds.

usage: conditions.py BUILD
"""
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../system"))
from harness import Images, Suite, run  # noqa: E402
from known_stops import block_of, machines  # noqa: E402

images = Images(sys.argv[1])
suite = Suite()


def stopped(machine, condition):
    return run([images.faultline, "run", "--headless", "--stop", condition, *machine.arguments])


with tempfile.TemporaryDirectory() as folder:
    small, low, full = everything = machines(os.path.realpath(folder))
    for machine in everything:
        suite.check(f"{machine.arguments[-1]} is recorded", machine.record(images, folder) == 0)
        for known in machine.known:
            right = machine.right(known)
            done = stopped(machine, known[0])
            told = re.search(r"^at block (\d+): (.*)$", done.err, re.M)
            suite.check(f"{known[0]} stops at block {block_of(right) if right else None}",
                        right and done.status == 5 and told and int(told[1]) == block_of(right),
                        f"{str(right)[:300]}\n{done}")
    suite.check("an OOM kill's stop names the victim", "oom (pid " in stopped(full, "oom").err)
    for condition in "kswapd what=wake", "oom":
        done = stopped(small, condition)
        suite.check(f"{condition} never holds, and changes nothing", done.status == 0 and "at block" not in done.err, done)
suite.finish()
