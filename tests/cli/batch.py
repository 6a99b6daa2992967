#!/usr/bin/env python3
"""The terminal debugger by scripts: every command at least once on the program first-faults, what answers must contain,
and what bad input is told.

usage: batch.py BUILD
"""
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../system"))
from harness import Images, Suite, run  # noqa: E402

images = Images(sys.argv[1])
suite = Suite()
temporary = tempfile.TemporaryDirectory()
folder = os.path.realpath(temporary.name)


def debug(script, *options, program=("first-faults",), batch="-"):
    arguments = ["--batch", batch] if batch else ["--cli"]
    return run([images.faultline, "debug", *arguments, *options, *program], stdin=script.encode())


def script(name, text, *options, status=0, **named):
    """A batch whose own `expect` lines do the checking."""
    done = debug(text, *options, **named)
    return suite.check(name, done.status == status and done.err == "", done), done


# ---- help ----
done = debug("help\n", program=())
lines = done.out.splitlines()
suite.check("help is one table that fits 80 columns", len(lines) > 50 and max(map(len, lines)) <= 80,
            [line for line in lines if len(line) > 80] or done)
commands = [line[5:].split()[0] for line in lines if re.match(r"^  .{3}[a-z]", line)]
suite.check("help names every command once", len(commands) == len(set(commands)) >= 43, commands)
done = debug("".join(f"help {command}\n" for command in commands), program=())
lines = done.out.splitlines()
suite.check("help COMMAND tells more, in 80 columns", done.status == 0 and done.err == "" and len(lines) > 120
            and max(map(len, lines)) <= 80, [line for line in lines if len(line) > 80] or done)
kinds = run([images.faultline, "debug", "--help-stops"]).out
examples = re.findall(r"^    example: (.*)$", kinds, re.M)
done = debug("".join(f"stop {example}\n" for example in examples) + "stops\n", program=())
suite.check("every example of the conditions is understood", done.status == 0 and len(examples) > 15
            and all(example in done.out for example in examples), done)

# ---- docs/debugger.md ----
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/debugger.md"), encoding="utf-8") as file:
    manual = file.read()


def block(after):
    return re.search(re.escape(after) + r"\n```\w*\n(.*?)```", manual, re.S)[1]


suite.check("the manual's table of commands is that of help", block("<!-- help -->") == debug("help\n", program=()).out)
suite.check("the manual's conditions are those of the parser", block("<!-- kinds -->") in kinds
            and block("<!-- kinds -->").count("example: ") == len(examples))
session = re.search(r"\$ cat zero-page.fl\n(.*?)\$ faultline", manual, re.S)[1]
script("the manual's script does what it says", session)
typed = re.findall(r"^\(faultline\) (.*)$", manual, re.M)
done = debug("".join(f"{line}\n" for line in typed))
suite.check("the manual's session can be typed", done.status == 0 and len(typed) > 10 and done.err == "", done)

# ---- stepping ----
script("the first fault of the program, then the next ones", """
# the fetch of the first instruction
expect fetch 08
expect _start
n
expect __libc_start_main
n 2
expect write 080
expect anonymous
previous
expect get_pc_thunk
fault
expect file
N
fault
expect __libc_start_main
n
expect get_pc_thunk
faults 2
expect "> #"
faults
expect _start
c
expect 8. write to unmapped memory
expect ended with status 0
""")
script("instruction by instruction", """
step
expect <
si
ni
s 3
over
o 2
finish
event
expect the kernel begins with the fault
next-walk
expect begins: 
nw
until +10us
expect paused at
u 6.6ms
expect paused at 6.600
info time
expect "virtual time  6.6"
""")
script("looking does not change what the program does", """
n 5
info zones
frame 200
page main
vma main
screenshot %s
c
expect ended with status 0
""" % os.path.join(folder, "looked.png"))

# ---- what happened ----
script("records, walks and events", """
n 3
fault
expect 1. VMA
expect new frame
expect "in the kernel: "
expect called by do_page_fault
walk
expect refused: not present
walk main
expect present
explain main
expect region: 0804
events 5
expect answered
events 2 mm_page_alloc
expect taken by first-faults
""")
script("memory and code", """
x/2xw main
expect 0x
expect :  0x
x /2xh main
expect :  0x
x
x/4xb main
x/s main
x/3i main
expect <main
x/2dw main
x/1uw main
x/4c main
x/1xg main
disas main
expect <main+0x
b main
c
expect main
bt
expect #0
where
expect main
list
expect int main(void)
symbol main
expect main, first-faults.c:
print main
expect <main>
p $eip
expect <main>
x/4xw $esp
x/2xw phys:100000
""")

done = debug("print main\nx/2xw main\n\n\nq\n", batch=None)
start = int(re.search(r"0x(\w+) = .*<main>", done.out)[1], 16)
suite.check("an empty line goes on in memory", all(f"\n{start + 8 * i:08x}:" in done.out for i in range(3)), done)

# ---- the kernel's view ----
script("info", """
info
expect registers
info registers
expect cr3
i zones
expect Normal
info buddy
expect pageset
info lru
expect newest first
info frames
expect page table
info tasks
expect kswapd0
expect first-faults  (on show)
info vmas
expect [stack]
info swap
expect no swap area is on
info cache
expect first-faults
info files
expect ramfs
info vmalloc
expect vmalloc
info disks
expect no disk
info time
expect blocks
info stops
expect no stops
""")
script("the address space of another process", """
n
task
expect of first-faults (pid 5) is on show: none is chosen
task 1
expect of init (pid 1) is on show: chosen
info vmas
expect /init
page 8048000
expect page 08048000 of init (pid 1)
walk 8048000
expect Translated
task follow
expect first-faults (pid 5)
walk 8048000
expect not present
stop cow mapcount>=2
c
task 6
delete
c
expect first-faults (pid 6), whose address space was on show, has ended: the program is followed again
""")
told = re.search(r"write (\w+)  anonymous .*frame (\w+)  ok", debug("n 3\n").out)
script("a frame, a page, a region", f"""
n 3
frame {told[2]}
expect anonymous
expect mapped by first-faults
page {told[1]}
expect region 080
expect frame {told[2]}
vma {told[1]}
expect touched so far
expect never touched: 080
life {told[2]}
expect taken by first-faults
""")

# ---- points ----
script("points come, rest and go", """
stop fault branch=cow_copy
expect stop 1
break main
expect stop 2
watch main 4
rwatch main
awatch main 8
pwatch 100000 16
stops
expect fault branch=cow_copy
expect break main
disable 2
stops
expect off
enable 2
delete 3 4 5 6
c
expect stop 1: fault
expect copy on write
c
expect stop 2
expect <main>
stops
expect 1 hit
delete
stops
expect no stops
c
expect ended with status 0
""")
script("--stop sets them before the first instruction", """
c
expect stop 1
""", "--stop", "cow how=reuse")

# ---- the session ----
trace = os.path.join(folder, "part.jsonl")
picture = os.path.join(folder, "at-main.png")
script("a trace and a picture from the prompt", f"""
trace {trace}
n 3
trace off
expect whole
screenshot {picture}
log on
log off
""")
with open(trace, encoding="utf-8") as file:
    records = [json.loads(line) for line in file]
numbers = [record["number"] for record in records if record["type"] == "fault"]
suite.check("the trace has the three faults", len(numbers) == 3 and numbers[2] - numbers[0] == 2, numbers)
with open(picture, "rb") as file:
    suite.check("the picture is a PNG", file.read(8) == b"\x89PNG\r\n\x1a\n")


def compile(name, source):
    path = os.path.join(folder, name)
    with open(path + ".c", "w", encoding="utf-8") as file:
        file.write(source)
    subprocess.run(["gcc", "-m32", "-static", "-g", "-O1", "-o", path, path + ".c"], check=True)
    return path


reader = compile("reader", """
#include <stdio.h>
int main(void)
{
    char name[64] = "";
    printf("name? ");
    fflush(stdout);
    if (fgets(name, sizeof name, stdin))
        printf("hello, %s", name);
    return 7;
}
""")
script("keys for the guest; its unfinished line is ended before ours; its status is ours", """
type A\\x64a
c
expect hello, Ada
expect ended with status 7
""", program=(reader,), status=7)
done = debug("type x\nc\nn\nq\n", program=(reader,), batch=None)
suite.check("after the end nothing goes on", "goes no further" in done.out and done.status == 7, done)
path = os.path.join(folder, "commands")
with open(path, "w", encoding="utf-8") as file:
    file.write("# a file\nn\nexpect __libc_start_main\nquit\nnot reached\n")
done = debug("", batch=path)
suite.check("a batch from a file; quit ends it", done.status == 0 and done.err == "", done)

# ---- bad input ----
BAD = [
    ("x/3xw", "x needs an address"),
    ("task 99", "no process 99 has an address space; `info tasks` lists them"),
    ("task x", "PID is no number"),
    ("frobnicate", "there is no command 'frobnicate'; `help` lists them"),
    ("st", "'st' may be step, stop, stops; give more letters"),
    ("n x", "COUNT is no number: 'x'"),
    ("n 0", "COUNT is 0; give 1 or more"),
    ("N", "this is the program's first page fault"),
    ("n 1 2", "next-fault takes [COUNT]; `help next-fault` tells more"),
    ("until soon", "'soon' is no time; give one such as 120ms"),
    ("until 1us", "already"),
    ("stop fault brunch=cow_copy", "branch"),
    ("stop flault", "fault"),
    ("break nowhere", "nowhere"),
    ("watch main 5000", "4096"),
    ("delete 99", "there is no stop 99; `stops` lists them"),
    ("delete one", "ID is no number: 'one'"),
    ("fault 4000", "there is no fault 4000 in the records"),
    ("events 3 no_such", "there is no event 'no_such'"),
    ("walk nowhere", "nowhere"),
    ("x/3q main", "the format '/3q' is not known"),
    ("x/5000i main", "the format '/5000i' is not known"),
    ("x 10", "linear memory at 00000010 cannot be read: no page is mapped there"),
    ("x phys:ffff0000000", "cannot be read: there is none"),
    ("x/2i phys:1000", "instructions are read from linear memory"),
    ("info nothing", "info does not know 'nothing'"),
    ("frame zz", "PFN is no hexadecimal number: 'zz'"),
    ("frame 99999", "there is no frame 99999"),
    ("vma 10", "no region of first-faults (pid 5) holds 00000010"),
    ("symbol", "symbol takes WHERE"),
    ("type \\q", "'\\' begins a key that is not known"),
    ("log maybe", "log takes on or off"),
    ("expect nothing like this", "the answer before does not contain 'nothing like this'"),
    ("n/4", "there is no command 'n/4'"),
    ("x /3xw nowhere", "nowhere"),
    ("x" * 1200, "the line is longer than 999 characters"),
    ("screenshot /nowhere/x.png", "the screenshot '/nowhere/x.png' cannot be made"),
    ("trace /nowhere/x.jsonl", "the trace '/nowhere/x.jsonl' cannot be written"),
]
done = debug("".join(text + "\n" for text, _ in BAD), batch=None)
answers = done.out.splitlines()[-len(BAD):]
for (text, sentence), answer in zip(BAD, answers):
    suite.check(f"refused with one sentence: {text[:40]}", sentence in answer, answer)
suite.check("mistakes do not end a session", done.status == 0 and len(answers) == len(BAD), done)
done = debug("# a comment\n\n  n x\nn\n")
suite.check("the first mistake ends a batch, with its line", done.status == 2 and "__libc_start_main" not in done.out and
            done.err == "faultline: -, line 3: n x: COUNT is no number: 'x'; give a whole one, decimal or with 0x\n", done)
done = debug("", batch="/nowhere/commands")
suite.check("commands that cannot be read", done.status == 2 and "/nowhere/commands" in done.err, done)
done = debug("", "--stop", "flault")
suite.check("a bad --stop", done.status == 2 and "--stop" in done.err and done.err.count("\n") == 1, done)
done = run([images.faultline, "debug", "--window", "--stop", "flault", "first-faults"])
suite.check("a bad --stop opens no window", done.status == 2 and done.err.count("\n") == 1, done)
done = debug("c\n", "--kernel", os.path.realpath(__file__), program=())
suite.check("a kernel that is none", done.status == 2 and "no Multiboot header" in done.out, done)
done = debug("c\n", "--limit", "0.002")
suite.check("the limit of virtual time", done.status == 124 and "limit of virtual time" in done.err, done)
done = run([images.faultline, "debug", "--cli", "--window", "first-faults"])
suite.check("--cli and --window exclude each other", done.status == 2 and "exclude each other" in done.err, done)
suite.finish()
