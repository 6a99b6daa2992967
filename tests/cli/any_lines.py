#!/usr/bin/env python3
"""The terminal debugger survives any lines: random commands with fitting and unfitting words, and random bytes.

usage: any_lines.py BUILD [SESSIONS [FIRST-SEED]]
"""
import os
import random
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../system"))
from harness import Images, Suite  # noqa: E402

LINES = 120
images = Images(sys.argv[1])
sessions = int(sys.argv[2]) if len(sys.argv) > 2 else 5
first = int(sys.argv[3]) if len(sys.argv) > 3 else 0
suite = Suite()

WORDS = ["main", "$eip", "$esp", "$cr2", "0", "1", "2", "-1", "0x", "ffffffff", "ffffffffffffffff", "c0000000", "phys:0",
         "phys:ffffffffffffffff", "99999999999999999999", "main+99999999999", "first-faults.c:88", "first-faults.c:0",
         "on", "off", "zones", "cache", "lru", "cow", "fault branch=", "fault branch=cow_copy", "pte bit=D", "task*",
         "event name=mm_page_alloc", "break main", "watch", "watch main 4096", "/3i", "/4096xg", "/", "//", ":", "=,=",
         "+1ns", "+5us", "1b", "%s%n", '"', '" "', "-", "x" * 300, "\x01\xff"]
LEFT_OUT = {"quit", "trace", "screenshot"}  # they end the session or write files


def run(lines):
    return subprocess.run([images.faultline, "debug", "--cli", "--limit", "0.5", "first-faults"], input=lines,
                          capture_output=True, timeout=240)


def some_line(chance, commands):
    if chance.random() < 0.05:
        return "".join(chr(chance.randrange(1, 256)) for _ in range(chance.randrange(60)))
    command = chance.choice(commands)
    if command == "continue" and chance.random() < 0.9:
        command = "until +20us"  # else most of a session is spent after the program's end
    return " ".join([command] + chance.choices(WORDS, k=chance.choice([0, 1, 1, 1, 2, 3])))


table = subprocess.run([images.faultline, "debug", "--cli"], input=b"help\n", capture_output=True).stdout.decode()
names = [line[5:].split()[0] for line in table.splitlines() if re.match(r"^  .{3}[a-z]", line)]
names = [name for name in names if name not in LEFT_OUT] + ["x/8xw", "x/i"]
for seed in range(first, first + sessions):
    chance = random.Random(seed)
    lines = "\n".join(some_line(chance, names) for _ in range(LINES)).encode("latin1")
    done = run(lines)
    plain = not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", done.stdout)
    suite.check(f"session {seed} of {LINES} lines ends well, in plain text", done.returncode in (0, 124) and plain,
                f"status {done.returncode}\n{done.stderr[-2000:].decode(errors='replace')}")
suite.finish()
