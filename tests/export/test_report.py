#!/usr/bin/env python3
"""`faultline report` opened in a browser: charts and tables are there, its numbers are the trace's, nothing is loaded, and
text of the guest stays text.

usage: test_report.py BUILD
"""
import collections
import html.parser
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
from harness import Images, Suite, run  # noqa: E402

images = Images(sys.argv[1])
suite = Suite()
folder = tempfile.TemporaryDirectory()


def path(name):
    return os.path.join(folder.name, name)


class Dom(html.parser.HTMLParser):
    """Counts elements, and gathers the text by the id of the nearest element that has one."""

    VOID = {"meta", "input", "br", "link"}

    def __init__(self, source):
        super().__init__()
        self.elements = collections.Counter()
        self.classes = collections.Counter()
        self.attributes = []
        self.text = collections.defaultdict(str)
        self.open = []
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        self.elements[tag] += 1
        names = dict(attributes)
        self.attributes += attributes
        for name in (names.get("class") or "").split():
            self.classes[name] += 1
        if tag not in self.VOID:
            self.open.append((tag, names.get("id") or (self.open[-1][1] if self.open else "")))

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if self.open:
            self.text[self.open[-1][1]] += data + "\n"


def browse(name):
    """The document after its script ran, and what the browser had to say."""
    done = subprocess.run(["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--user-data-dir=" + path("profile"),
                           "--window-size=1280,2000", "--enable-logging=stderr", "--dump-dom", "file://" + path(name)],
                          capture_output=True, timeout=100)
    said = [line for line in done.stderr.decode(errors="replace").splitlines() if "CONSOLE" in line]
    return Dom(done.stdout.decode(errors="replace")), said


def report(trace, page, *options):
    return run([images.faultline, "report", path(trace), "-o", path(page), *options])


def data_of(page):
    """The JSON in a page."""
    text = open(path(page), encoding="utf-8").read()
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)[1])


def number(text):
    return int(re.sub(r"\D", "", text))


# A run with all kinds of things in it.
with open(path("swap.img"), "wb") as file:
    file.truncate(32 << 20)
run(["/sbin/mkswap", path("swap.img")])
hog = os.path.join(images.build, "guestos/user/hog")
run([images.faultline, "run", "--headless", "--memory", "8M", "--disk", path("swap.img"), "--trace", path("swap.jsonl"), hog, "5"])
entries = [json.loads(line) for line in open(path("swap.jsonl"))]
faults = [entry for entry in entries if entry["type"] == "fault"]
counted = collections.Counter(entry["type"] for entry in entries)
done = report("swap.jsonl", "swap.html", "--title", 'Swap & "thrash" <1>')
suite.check("a page is made", done.status == 0 and done.out == done.err == "", done)
source = open(path("swap.html"), encoding="utf-8").read()
suite.check("it names no other place", not re.search(r"(src|href)\s*=|url\((?!#)|@import|https?://(?!www\.w3\.org/2000/svg)", source))
report("swap.jsonl", "again.html", "--title", 'Swap & "thrash" <1>')
suite.check("the same trace gives the same bytes", source == open(path("again.html"), encoding="utf-8").read())

# Its numbers.
data = data_of("swap.html")
by_branch = sorted(collections.Counter(fault["branch"] for fault in faults).values())
suite.check("faults by branch are the trace's", sorted(branch["count"] for branch in data["branches"]) == by_branch)
along = sorted(sum(data["counts"][f"branch{branch['branch']}"]) for branch in data["branches"])
suite.check("the timeline holds each of them", along == by_branch, along)
suite.check("the table holds each of them", sorted(row[0] for row in data["rows"]) == sorted(fault["number"] for fault in faults))
expected = {"faults": len(faults), "of_program": sum(f["user_program"] for f in faults), "major": sum(f["major"] for f in faults),
            "events": len(entries) - len(faults), "lines": len(entries), "kswapd_wakes": counted["mm_vmscan_kswapd_wake"],
            "direct_reclaims": counted["mm_vmscan_direct_reclaim_begin"]}
suite.check("totals", {key: data[key] for key in expected} == expected, f"{expected}\n{ {key: data[key] for key in expected} }")
outcomes = collections.Counter(entry["outcome"] for entry in entries if entry["type"] == "mm_vmscan_page")
told = [sum(data["counts"][key]) for key in ("kept", "activated", "freed", "written_out")]
suite.check("what reclaim decided", told == [outcomes[i] for i in range(4)], f"{told} {outcomes}")
moved = [sum(e["bytes"] for e in entries if e["type"] == "block_rq_issue" and e["write"] == w) for w in (0, 1)]
told = [sum(data["counts"][key]) for key in ("bytes_read", "bytes_written")]
suite.check("bytes of the disk", told == moved and min(moved) > 0, f"{told} {moved}")
costs = sorted(f["end_ns"] - f["begin_ns"] for f in faults if f["branch"] == "swap_in")
told = next(branch for branch in data["branches"] if branch["name"] == "swap in")
suite.check("percentiles of a branch", (told["least"], told["p50"], told["p90"], told["most"], told["total"]) == (
    costs[0], costs[-(-len(costs) * 50 // 100) - 1], costs[-(-len(costs) * 90 // 100) - 1], costs[-1], sum(costs)), told)
for kind, types in (("kswapd", "mm_vmscan_kswapd_wake"), ("direct", "mm_vmscan_direct_reclaim_begin"), ("wait", "page_wait_begin")):
    suite.check(f"spans of {kind}", data["spans"][kind]["total"] == counted[types] > 0)
zone = next(zone for zone in data["zones"] if zone["high"])
lowest = min(e["zone_free"] for e in entries if e["type"] == "mm_page_alloc" and e["zone_free"] is not None)
suite.check("a zone's lowest point", min(value for value in zone["lowest"] if value is not None) == lowest, lowest)

# A long run is shown in part, and says so.
report("swap.jsonl", "short.html", "--rows", "300")
short = data_of("short.html")
kept = collections.Counter(row[3] for row in short["rows"])
suite.check("--rows limits the table", short["shown"] == len(short["rows"]) == 300)
suite.check("every branch stays in it", len(kept) == len(data["branches"]) and min(kept.values()) >= min(by_branch))
suite.check("charts are of all faults", short["branches"] == data["branches"] and short["counts"] == data["counts"])

# Hostile text in every place that a trace has.
evil = '</script><script>document.body.setAttribute("data-broken",1)</script><img src=x onerror=alert(1)>'
TEXTS = ("comm", "text", "symbol", "file", "source", "name", "error_text")


def poisoned(value):
    if isinstance(value, dict):
        return {key: evil if key in TEXTS else poisoned(inner) for key, inner in value.items()}
    return [poisoned(inner) for inner in value] if isinstance(value, list) else value


with open(path("evil.jsonl"), "w") as file:
    for fault in faults[:40] + [f for f in faults if f["branch"] == "swap_in"][:5]:
        file.write(json.dumps(poisoned(fault)) + "\n")
    file.write(json.dumps({"type": "mm_oom_kill", "blocks": 1 << 24, "ns": 1 << 26, "task": 5, "pid": 6, "points": 7, "total_vm": 8, "order": 0,
                           "gfp_flags": "0x0", "comm": "<b onclick=x>&a"}) + "\n")
done = report("evil.jsonl", "evil.html", "--title", "</title><script>alert(2)</script>")
suite.check("hostile text is no reason to refuse a trace", done.status == 0, done)
with open(path("faultless.jsonl"), "w") as file:
    file.write('{"type":"boot_phase","blocks":1,"ns":4,"task":0,"phase":1}\n')
report("faultless.jsonl", "faultless.html")
first = open(path("evil.html")).read()
suite.check("the guest's text cannot end the script", "<img" not in first and first.count("</script>") == 2)

# In the browser.
if not shutil.which("chromium"):
    print("# no chromium on this host: the page is not opened")
    suite.finish()
dom, said = browse("swap.html")
suite.check("the page draws itself without complaint", ("data-ready", "yes") in dom.attributes and not said, said)
suite.check("five charts", dom.elements["svg"] == 5 and all(title in "".join(dom.text.values()) for title in (
    "Faults by branch, reclaim", "Free pages of each zone", "Sizes of the active", "Pages of the page cache")), dom.elements)
suite.check("with lines, bars, spans and axes in them", dom.elements["path"] > 80 and dom.classes["line"] >= 4 and dom.classes["bars"] >= 6
            and dom.classes["spans"] >= 4 and dom.elements["text"] > 40, f"{dom.elements}\n{dom.classes}")
suite.check("rows of the table, of which one is chosen", 15 < dom.classes["dot"] < 100 and dom.classes["selected"] == 1, dom.classes)
suite.check("the chosen fault's record", "Fault" in dom.text["record-title"] and dom.elements["li"] >= 3 and dom.classes["bit"] >= 8
            and "refused: " in dom.text["record"], dom.text["record"])
suite.check("tiles say the totals", number(dom.text["tiles"].split("\n")[1]) == len(faults), dom.text["tiles"])
suite.check("the title is text", 'Swap & "thrash" <1>' in "".join(dom.text.values()))
dom, said = browse("evil.html")
suite.check("hostile text is shown as text", ("data-ready", "yes") in dom.attributes and not said and dom.elements["img"] == dom.elements["b"] - 8 == 0
            and not any(name == "data-broken" for name, _ in dom.attributes) and "</script><script>" in dom.text["record"]
            and "<b onclick=x>&a[6]" in dom.text["kills"], f"{said}\n{dom.elements}\n{dom.text['record']}\n{dom.text['kills']}")
dom, said = browse("faultless.html")
suite.check("a trace without faults is a page that says so", ("data-ready", "yes") in dom.attributes and not said
            and "The trace holds no fault." in dom.text["costs"] and "No fault is chosen" in dom.text["record"], said)

# Mistakes.
for name, arguments, words in (("no output", [path("swap.jsonl")], "-o FILE"), ("no trace", ["-o", path("x.html")], "one trace"),
                               ("a missing trace", [path("none"), "-o", path("x.html")], "cannot be opened"),
                               ("rows that are none", [path("swap.jsonl"), "-o", path("x.html"), "--rows", "0"], "--rows"),
                               ("a bad trace", [images.kernel, "-o", path("x.html")], "line 1"),
                               ("an unknown option", ["--nothing"], "--nothing")):
    done = run([images.faultline, "report", *arguments])
    suite.check(name, done.status == 2 and words in done.err and len(done.err.splitlines()) == 1 and not os.path.exists(path("x.html")), done)
suite.finish()
