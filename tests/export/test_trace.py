#!/usr/bin/env python3
"""`faultline trace` on recorded runs: what it reads is what was written, its counts are the file's, bad files get one sentence.

Perfetto's files are checked by jq (perfetto.jq).

usage: test_trace.py BUILD AGAIN SAMPLE
"""
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
from harness import Images, Suite, run  # noqa: E402

images = Images(sys.argv[1])
again, sample = sys.argv[2:4]
suite = Suite()
folder = tempfile.TemporaryDirectory()


def path(name):
    return os.path.join(folder.name, name)


def write(name, data):
    with open(path(name), "wb") as file:
        file.write(data)
    return path(name)


def trace(*arguments, stdin=b""):
    return run([images.faultline, "trace", *arguments], stdin=stdin)


run([images.faultline, "run", "--headless", "--trace", path("run.jsonl"), "first-faults"])
write("swap.img", b"")
os.truncate(path("swap.img"), 32 << 20)
run(["/sbin/mkswap", path("swap.img")])
hog = os.path.join(images.build, "guestos/user/hog")
done = run([images.faultline, "run", "--headless", "--memory", "8M", "--disk", path("swap.img"), "--trace", path("swap.jsonl"), hog, "5"])
suite.check("a program larger than memory runs", done.status == 0, done)
recorded = open(path("run.jsonl"), "rb").read()
lines = [json.loads(line) for line in recorded.splitlines()]
faults = [line for line in lines if line["type"] == "fault"]
suite.check("the run has faults and events", len(faults) > 20 and len(lines) > 1000, len(lines))

# Reading back.
made = write("sample.jsonl", subprocess.run([sample], check=True, capture_output=True).stdout)
for name in ("run.jsonl", "swap.jsonl", "sample.jsonl"):
    done = subprocess.run([again, path(name)], capture_output=True)
    known = b"".join(line for line in open(path(name), "rb") if not line.startswith(b'{"type":"unknown"'))
    same = done.returncode == 0 and done.stdout == known
    differing = [(a, b) for a, b in zip(done.stdout.splitlines(), known.splitlines()) if a != b]
    suite.check(f"{name} written again is the same, byte for byte", same, f"{done.stderr}\n{differing[:1]}")

# Counts.
done = trace(path("run.jsonl"), "--summary")
types = collections.Counter(line["type"] for line in lines)
told = {name: int(number) for name, number in re.findall(r"^  ([a-z_]+) +(\d+)$", done.out, re.M)}
del types["fault"]
suite.check("the summary's events are the file's", done.status == 0 and told == types, done)
suite.check("its number of faults", f"{len(faults)} faults, {sum(f['user_program'] for f in faults)} of the program" in done.out, done)
branches = sorted(collections.Counter(f["branch"] for f in faults).values())
told = sorted(int(n) for n in re.findall(r"^  .* (\d+) +\d+ blocks each$", done.out, re.M))
suite.check("its faults by branch", told == branches, f"{branches}\n{done}")

# Text.
done = trace(path("run.jsonl"))
text = done.out.splitlines()
suite.check("the text has a line for each", done.status == 0 and len(text) == len(lines), done.err)
suite.check("no word of it is missing", not re.search(r"[{}]|an event of type|unknown", done.out), done.out[:2000])
suite.check("all events of the sample have words",
            not re.search(r"[{}]|an event of type", trace(made).out), trace(made))
live = run([images.faultline, "run", "--headless", "--faults", "first-faults"]).err.splitlines()
live = [line for line in live if line.startswith("#")]
told = [line[len("fault "):] for line in trace(path("run.jsonl"), "--only", "fault").out.splitlines()]
told = [line for line, fault in zip(told, faults) if fault["user_program"]]
suite.check("faults read as --faults told them", len(live) > 20 and told == live, f"{live[-1:]}\n{told[-1:]}")
done = trace(path("run.jsonl"), "--only", "sched_switch,task_new", "--text=" + path("out.txt"))
wanted = sum(line["type"] in ("sched_switch", "task_new") for line in lines)
suite.check("--only keeps these types, in a file", done.out == "" and len(open(path("out.txt")).readlines()) == wanted, done)
done = trace(path("run.jsonl"), "--only", "mm_lru_add", "--from", "6ms", "--to", "6500us")
wanted = sum(line["type"] == "mm_lru_add" and 6000000 <= line["ns"] < 6500000 for line in lines)
suite.check("--from and --to keep these times", len(done.out.splitlines()) == wanted, done)
done = trace("-", "--pid", "1", stdin=recorded)
wanted = sum(line["task"] == 1 for line in lines)
suite.check("--pid keeps this task's, from standard input", len(done.out.splitlines()) == wanted > 0, done.err)
later = b'{"type":"mm_of_next_year","blocks":5,"ns":20,"task":1,"x":[{"y":null}],"z":"\\u00e9\\n"}\n'
done = trace(write("later.jsonl", later + recorded.replace(b'"task":', b'"colour":{"of":["it"]},"task":', 50)))
suite.check("unknown types and keys are passed over", done.status == 0 and "mm_of_next_year" in done.out.splitlines()[0]
            and done.out.splitlines()[1:] == text, done.err)
escape = b'{"type":"task_new","blocks":5,"ns":20,"task":1,"pid":9,"parent":1,"clone_flags":"0x0","comm":"a\\u001b[31mb"}\n'
suite.check("a name cannot steer the terminal", "\x1b" not in trace(write("escape.jsonl", escape)).out)


# Perfetto.
def problems(file):
    done = run(["jq", "-f", os.path.join(os.path.dirname(os.path.abspath(__file__)), "perfetto.jq"), file])
    return json.loads(done.out) if done.status == 0 else [str(done)]


write("only.jsonl", later)
for name in ("run.jsonl", "swap.jsonl", "sample.jsonl", "escape.jsonl", "later.jsonl", "only.jsonl"):
    done = trace(path(name), "--perfetto", path("out.json"))
    found = problems(path("out.json"))
    suite.check(f"{name} becomes a file in Chrome's format", done.status == 0 and not done.out and not done.err and found == [],
                f"{done}\n" + "\n".join(found[:10]))
trace(path("swap.jsonl"), "--chrome", path("out.json"))
events = json.load(open(path("out.json")))["traceEvents"]


def judged(change):
    """Is a small good file, changed like this, found to be bad?"""
    here = {"pid": 1, "tid": 2, "cat": "c", "name": "n", "args": {}}
    small = [{**here, "ts": 0, "ph": "M", "name": name, "args": {"name": "x"}} for name in ("process_name", "thread_name")]
    small += [{**here, "ts": 1, "ph": "X", "dur": 4}, {**here, "ts": 2, "ph": "X", "dur": 1.004},
              {**here, "ts": 5, "ph": "b", "id": "0x1"}, {**here, "ts": 6, "ph": "e", "id": "0x1"}]
    change(small)
    return problems(write("small.json", json.dumps({"displayTimeUnit": "ns", "traceEvents": small}).encode())) != []


suite.check("the check lets a good file pass", not judged(lambda small: None))
for what, change in (("time", lambda small: small.reverse()), ("names", lambda small: small.pop(1)),
                     ("nesting", lambda small: small[3].update(dur=3.004)), ("pairs", lambda small: small.pop()),
                     ("phases", lambda small: small[2].update(ph="Q")), ("durations", lambda small: small[2].pop("dur"))):
    suite.check(f"the check finds wrong {what}", judged(change))

entries = [json.loads(line) for line in open(path("swap.jsonl"))]
counted = collections.Counter(entry["type"] for entry in entries)
by_branch = collections.Counter(entry["branch"] for entry in entries if entry["type"] == "fault")
slices = [event for event in events if event["ph"] == "X"]
told = collections.Counter(event["name"] for event in slices if event["cat"] == "fault")
suite.check("faults by branch are the trace's", sorted(told.values()) == sorted(by_branch.values()), f"{told}\n{by_branch}")
times = {entry["number"]: (entry["begin_ns"], entry["end_ns"] - entry["begin_ns"]) for entry in entries if entry["type"] == "fault"}
told = {event["args"]["fault"]: (round(event["ts"] * 1000), round(event["dur"] * 1000)) for event in slices if event["cat"] == "fault"}
suite.check("each with its time and duration, to the nanosecond", told == times)
for category, kind in (("kswapd awake", "mm_vmscan_kswapd_wake"), ("direct reclaim", "mm_vmscan_direct_reclaim_begin"),
                       ("waits for a page", "page_wait_begin"), ("writeback", "writeback_start")):
    told = sum(event["name"] == category for event in slices)
    suite.check(f"as many slices '{category}' as {kind}", told == counted[kind] > 0, f"{told} {counted[kind]}")
told = sum(event["ph"] == "b" for event in events)
suite.check("a pair for each disk request", told == counted["block_rq_issue"] > 10, told)
ran = [event for event in slices if event["cat"] == "sched"]
suite.check("the CPU is always somebody's", all(round(a["ts"] * 1000) + round(a["dur"] * 1000) == round(b["ts"] * 1000)
                                                for a, b in zip(ran, ran[1:])) and len(ran) == counted["sched_switch"] + 1)
free = [event["args"]["free pages"] for event in events if event["ph"] == "C" and "free pages" in event["args"]]
last = [entry["zone_free"] for entry in entries if "zone_free" in entry][-1]
suite.check("the zone's counter ends where the trace does", len(free) > 1000 and last == free[-1], (len(free), last, free[-1:]))
used = [event["args"]["pages"] for event in events if event["ph"] == "C" and event["name"] == "swap slots used"]
suite.check("the swap area's counter is the number of slots", used[-1] == counted["mm_swap_out"] - counted["mm_swap_free"], used[-1:])

# The counters against the guest's own count.
write("meminfo.c", b'''#include <stdio.h>
int main(void) { char text[4096]; FILE *file = fopen("/proc/meminfo", "r"); size_t got = fread(text, 1, sizeof text, file); fwrite(text, 1, got, stdout); return 0; }
''')
subprocess.run(["gcc", "-m32", "-static", "-o", path("meminfo"), path("meminfo.c")], check=True)
done = run([images.faultline, "run", "--headless", "--trace", path("meminfo.jsonl"), path("meminfo")])
trace(path("meminfo.jsonl"), "--perfetto", path("out.json"))
guest = {key: int(pages) // 4 for key, pages in re.findall(r"^(\w+): +(\d+) kB$", done.out, re.M)}
told, states = {}, set()
for event in json.load(open(path("out.json")))["traceEvents"]:
    if event["ph"] == "C" and "pages" in event["args"]:
        told[event["name"]] = event["args"]["pages"]
        states.add((told.get("active list"), told.get("inactive list"), told.get("page cache")))
suite.check("list and cache sizes are those of /proc/meminfo", (guest["Active"], guest["Inactive"], guest["Cached"]) in states,
            f"{guest}\n{sorted(states, key=str)[-5:]}")

# Bad files.
def refused(name, data, *words):
    bad = write("bad.jsonl", data)
    for form in ("--text=", "--perfetto=", "--summary"):
        output = path("half.out")
        arguments = [form + output] if form.endswith("=") else [form]
        done = trace(bad, *arguments)
        ours = done.err.splitlines()
        good = (done.status == 2 and len(ours) == 1 and ours[0].startswith("faultline: ") and len(ours[0]) < 500
                and all(word in ours[0] for word in words))
        good &= not os.path.exists(output) and not [file for file in os.listdir(folder.name) if ".tmp" in file]
        suite.check(f"{name} ({form})", good, f"expected {words}\n{done}\n{os.listdir(folder.name)}")


first = recorded.index(b'{"type":"fault"')
fault = recorded[first:recorded.index(b"\n", first) + 1]
refused("an empty file", b"", "is empty", "--trace")
refused("a text file", b"hello\nworld\n", "line 1", "JSON")
refused("binary junk", bytes(range(256)) * 40, "line 1", "JSON")
refused("an ELF file", open(images.kernel, "rb").read(), "line 1")
refused("JSON of another kind", b'{"traceEvents":[]}\n', "line 1", '"type"')
refused("a JSON array", b"[1,2]\n", "line 1", '"type"')
refused("a last line cut short", recorded[:-20], f"line {len(lines)}", "cut short")
refused("bad JSON in the middle", fault * 3 + fault.replace(b":", b";", 1), "line 4", "column", "colon")
refused("a blank line", fault + b"\n" + fault, "line 2")
refused("a NUL", fault + fault.replace(b"fault", b"fa\0lt", 1), "line 2", "printable")
refused("a line that never ends", b'{"type":"' + b"x" * 300000, "line 1", "longer")
refused("deep nesting", b'{"type":"fault","x":' + b"[" * 100000 + b"]" * 100000 + b"}\n", "line 1", "deep")
refused("many values", b'{"type":"fault","x":[' + b"1," * 60000 + b"1]}\n", "line 1", "more values")
refused("text for a number", fault.replace(b'"task":', b'"task":"x","was":', 1), "line 1", '"task"')
refused("a number for text", fault + fault.replace(b'"comm":', b'"comm":7,"was":', 1), "line 2", '"comm"')
refused("an object for an array", fault.replace(b'"levels":', b'"levels":{},"was":', 1), '"levels"')
refused("a number that is too large", fault.replace(b'"number":', b'"number":99999999999999999999,"was":', 1), '"number"')
refused("a fraction", fault.replace(b'"number":', b'"number":1.5,"was":', 1), '"number"')
refused("a negative time", fault.replace(b'"begin_blocks":', b'"begin_blocks":-5,"was":', 1), '"begin_blocks"')
refused("a time beyond all runs", fault.replace(b'"end_blocks":', b'"end_blocks":18446744073709551615,"was":', 1), '"end_blocks"')
refused("hexadecimal without 0x", fault.replace(b'"linear":"0x', b'"linear":"', 1), '"linear"', "hexadecimal")
suite.check("no trace", trace(path("nothing")).status == 2 and "cannot be opened" in trace(path("nothing")).err)
suite.check("a folder", trace(folder.name).status == 2 and "is a folder" in trace(folder.name).err, trace(folder.name))
for name, arguments, words in (
        ("no file", [], "takes one trace"), ("two files", ["a", "b"], "takes one trace"), ("an unknown option", ["a", "--nothing"], "--nothing"),
        ("two forms", ["a", "--text", "--summary"], "one of"), ("a type that is none", ["a", "--only", "fault,nothing"], "'nothing'"),
        ("a time that is none", ["a", "--from", "soon"], "soon"), ("a process that is none", ["a", "--pid", "-1"], "--pid"),
        ("an output onto the trace", [path("run.jsonl"), "--text=" + path("./run.jsonl")], "the trace itself"),
        ("an output that cannot be", [path("run.jsonl"), "--text=" + path("no/where")], "cannot be written")):
    done = trace(*arguments)
    suite.check(name, done.status == 2 and words in done.err and len(done.err.splitlines()) == 1, done)
suite.finish()
