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


def story(program, memory, *more):
    """A program of the demonstrations told as stories: a list of faults, each its text."""
    path = os.path.join(images.build, "guestos/user", program)
    done = harness.run([images.faultline, "run", "--headless", "--memory", memory, "--story", *more[:-1], path, *more[-1]])
    return done, done.err.split("\n\n")


def told(stories, *needles):
    return any(all(needle in text for needle in needles) for text in stories)


done, stories = story("oom", "16M", [])
suite.check("the story of the fault that ends in an OOM kill", done.status == 0 and told(
    stories, "main+", "more[i] = 1;", "memory is short, so the task reclaims for itself, and finds nothing to free",
    "is to be killed, the one that asked", "SIGKILL waits for the task: the instruction never runs again"), done)
suite.check("a long path is told by its end", told(stories, "VMA ", "r-xp ..."), stories[:2])
with tempfile.TemporaryDirectory() as folder:
    swap = os.path.join(folder, "swap.img")
    with open(swap, "wb") as image:
        image.truncate(32 << 20)
    made = harness.run(["/sbin/mkswap", swap])
    done, stories = story("hog", "16M", "--disk", swap, ["20"])
    suite.check("mkswap's disk becomes swap", made.status == 0 and done.status == 0 and "0 pages are wrong" in done.out, done.out)
    suite.check("the story of a page that comes from the swap disk", told(
        stories, "swap in, hog[", "but the page is swapped out", "refused: not present   swap entry: area 0, slot ",
        ", so read it from there", " for neighbours, read along with it: ", "the task was off the CPU "))
    suite.check("the story of a page that the swap cache still has", told(
        stories, "swap in, hog[", "and the swap cache has its frame already", "the instruction runs again and succeeds"))
    suite.check("the story of an allocation that reclaims", told(
        stories, "do_anonymous_page", "memory is short, so the task reclaims for itself, and frees "))
suite.check("an unknown name is refused", harness.run([images.faultline, "demo", "nothing"]).status == 2)
suite.finish()
