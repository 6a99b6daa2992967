#!/usr/bin/env python3
"""demos.py BUILD [NAME...]: every demonstration plays without a display and all its checks hold; two plays are the same
to the byte; a script that is wrong is refused with a sentence."""
import os
import sys
import tempfile

import harness

images = harness.Images(sys.argv[1])
suite = harness.Suite()
listed = harness.run([images.faultline, "demo", "--list"])
names = sys.argv[2:] or [line.split()[0] for line in listed.out.splitlines()]
suite.check("the list has demonstrations", listed.status == 0 and len(names) > 0, listed)
for name in names:
    first = harness.run([images.faultline, "demo", "--headless", name], timeout=300)
    checks = first.out.count("\n  ok: ")
    suite.check(f"{name} plays and its checks hold", first.status == 0 and checks > 0 and "NOT SO" not in first.out, first)
again = harness.run([images.faultline, "demo", "--headless", names[0]], timeout=300)
once = harness.run([images.faultline, "demo", "--headless", names[0]], timeout=300)
suite.check("two plays print the same", again.out == once.out and again.status == once.status, again)

bad = {
    "no table": ("x = 1", "must return a table"),
    "no title": ("return {}", "no title"),
    "no program": ("return {title = 'x', play = print}", "no program"),
    "a size that is none": ("return {title = 'x', program = {'first-faults'}, memory = 'much', play = print}", "sizes such as"),
    "too many nodes": ("return {title = 'x', program = {'first-faults'}, nodes = 5, play = print}", "from 1 to 4"),
    "nodes that are no number": ("return {title = 'x', program = {'first-faults'}, nodes = {}, play = print}", "from 1 to 4"),
    "not Lua": ("return {", "cannot be used"),
    "an unknown event": ("return {title = 'x', program = {'first-faults'}, play = function() event('nothing') end}", "no event 'nothing'"),
    "an error in a filter": ("return {title = 'x', program = {'first-faults'}, play = function() fault(function(f) error('oh') end) end}", "oh"),
    "files of the host": ("return {title = 'x', program = {'first-faults'}, play = function() io.open('/etc/passwd') end}", "io"),
}
with tempfile.TemporaryDirectory() as folder:
    for name, (text, sentence) in bad.items():
        path = os.path.join(folder, "bad.lua")
        with open(path, "w", encoding="ascii") as script:
            script.write(text)
        done = harness.run([images.faultline, "demo", "--headless", path])
        suite.check("refused: " + name, done.status in (2, 3) and sentence in done.err and len(done.err.splitlines()) == 1, done)
    path = os.path.join(folder, "false.lua")
    with open(path, "w", encoding="ascii") as script:
        script.write("return {title = 'x', program = {'first-faults'}, play = function() check(1 == 2, 'one is two') end}")
    done = harness.run([images.faultline, "demo", "--headless", path])
    suite.check("a check that does not hold fails the demonstration", done.status == 1 and "NOT SO: one is two" in done.out, done)
suite.check("an unknown name is refused", harness.run([images.faultline, "demo", "nothing"]).status == 2)
suite.finish()
