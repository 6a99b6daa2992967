#!/usr/bin/env python3
"""render.py BUILD: every panel is drawn as PNG and SVG at a moment that --at names; recordings are the same on every run;
bad requests are refused with a sentence and leave no file."""
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as tree

import harness

PANELS = ["frames", "fault", "space", "console", "zones", "buddy", "lru", "decision", "cache", "life", "timeline", "window"]

images = harness.Images(sys.argv[1])
suite = harness.Suite()
folder = tempfile.mkdtemp()


def path(name):
    return os.path.join(folder, name)


def render(*words):
    return harness.run([images.faultline, "render", *words])


def read(name):
    with open(path(name), "rb") as file:
        return file.read()


def size_of(name):
    done = subprocess.run(["identify", "-format", "%w %h\n", path(name)], stdout=subprocess.PIPE, check=False)
    return done.stdout.decode().splitlines()


def colors_of(name):
    done = subprocess.run(["identify", "-format", "%k", path(name)], stdout=subprocess.PIPE, check=False)
    return int(done.stdout.decode() or 0)


for panel in PANELS:
    done = render(panel, "--at", "copy", "-o", path(panel + ".png"), "first-faults")
    suite.check(f"{panel} as PNG", done.status == 0 and len(size_of(panel + ".png")) == 1 and colors_of(panel + ".png") > 8, done)
    done = render(panel, "--at", "copy", "-o", path(panel + ".svg"), "first-faults")
    shapes = []
    if done.status == 0:
        shapes = list(tree.parse(path(panel + ".svg")).getroot().iter())
    suite.check(f"{panel} as SVG", len(shapes) > 20, done)

suite.check("one panel is not the window", size_of("fault.png") != size_of("window.png"), size_of("fault.png"))
done = render("fault", "--size", "640x400", "--scale", "2", "--at", "3", "-o", path("big.png"), "first-faults")
suite.check("size and scale", size_of("big.png") == ["1280 800"], done)
done = render("fault", "--at", "fault branch=cow_copy", "-o", path("condition.png"), "first-faults")
suite.check("a condition is a moment, too", done.status == 0 and os.path.exists(path("condition.png")), done)
for name in ("a.gif", "b.gif"):
    done = render("window", "--at", "copy", "-o", path(name), "first-faults")
    suite.check(f"a recording, {name}", done.status == 0 and len(size_of(name)) > 1, done)
suite.check("the same recording twice", read("a.gif") == read("b.gif"))
done = harness.run([images.faultline, "demo", "--record", path("demo.gif"), "fork-cow"])
suite.check("a demonstration is recorded", done.status == 0 and len(size_of("demo.gif")) > 4, done)
done = harness.run([images.faultline, "run", "--headless", "--record", path("run.gif"), "first-faults"])
suite.check("a run is recorded", done.status == 0 and len(size_of("run.gif")) > 1, done)
done = harness.run([images.faultline, "run", "--screenshot", path("run.svg"), "first-faults"])
suite.check("run writes SVG by the file's ending", done.status == 0 and read("run.svg").startswith(b"<?xml"), done)

bad = {
    "a panel that is none": (["nothing", "-o", path("bad.png"), "first-faults"], "there is no panel 'nothing'"),
    "no panel": (["-o", path("bad.png"), "first-faults"], "which panel"),
    "no file": (["fault", "first-faults"], "-o FILE"),
    "a folder that is not there": (["fault", "-o", "/nowhere/bad.png", "first-faults"], "/nowhere/bad.png"),
    "a condition that is none": (["fault", "--at", "nonsense what=1", "-o", path("bad.png"), "first-faults"], "--at"),
    "a size that is none": (["fault", "--size", "10", "-o", path("bad.png"), "first-faults"], "--size"),
    "an overlay that is none": (["frames", "--overlay", "x", "-o", path("bad.png"), "first-faults"], "--overlay"),
    "a selection that is none": (["life", "--select", "x", "-o", path("bad.png"), "first-faults"], "--select"),
}
for name, (words, sentence) in bad.items():
    done = render(*words)
    suite.check("refused: " + name, done.status == 2 and sentence in done.err and not os.path.exists(path("bad.png")), done)
done = render("fault", "--at", "999999", "-o", path("missed.png"), "first-faults")
suite.check("a moment that never came is said", done.status != 0 and "did not happen" in done.err, done)
suite.check("no file is half written", not [name for name in os.listdir(folder) if name.endswith(".part")], os.listdir(folder))
suite.finish()
