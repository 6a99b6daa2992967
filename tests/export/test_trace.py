#!/usr/bin/env python3
"""`faultline trace` on recorded runs: what it reads is what was written, its counts are the file's, bad files get one sentence.

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
recorded = open(path("run.jsonl"), "rb").read()
lines = [json.loads(line) for line in recorded.splitlines()]
faults = [line for line in lines if line["type"] == "fault"]
suite.check("the run has faults and events", len(faults) > 20 and len(lines) > 1000, len(lines))

# Reading back.
made = write("sample.jsonl", subprocess.run([sample], check=True, capture_output=True).stdout)
for name in ("run.jsonl", "sample.jsonl"):
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


# Bad files.
def refused(name, data, *words):
    bad = write("bad.jsonl", data)
    for form in ("--text=", "--summary"):
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
        ("an output that cannot be", [path("run.jsonl"), "--text=" + path("no/where")], "cannot be written")):
    done = trace(*arguments)
    suite.check(name, done.status == 2 and words in done.err and len(done.err.splitlines()) == 1, done)
suite.finish()
