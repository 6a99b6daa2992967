#!/usr/bin/env python3
"""Real GDB, in batch mode, on the kernel and on a program with DWARF.

usage: gdb.py BUILD PROGRAM REGISTERS [window]
"""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../system"))
from client import Machine  # noqa: E402
from harness import Images, Suite, run  # noqa: E402

images = Images(sys.argv[1])
program = os.path.abspath(sys.argv[2])
suite = Suite()
temporary = tempfile.TemporaryDirectory()


def start(*arguments):
    environment = {key: value for key, value in os.environ.items() if key not in ("LD_PRELOAD", "ASAN_OPTIONS")}
    return subprocess.Popen(["gdb", "-nx", "-q", "-iex", "set debuginfod enabled off", *arguments], env=environment,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def batch(*arguments):
    """All that a GDB says until it ends: what the target says is told on standard error, in its place."""
    process = start("-batch", *arguments)
    try:
        return process.communicate(timeout=170)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()[0] + "\n(GDB does not end)"


def write(name, text):
    path = os.path.join(temporary.name, name)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    return path


def play(file, facts):
    """facts: command, what its output must match. One GDB carries out all of them."""
    script = f"set pagination off\nset confirm off\nset width 0\nset style enabled off\nfile {file}\n"
    for command, _ in facts:
        script += f"echo \\n@@@\\n\n{command}\n"
    said = batch("-x", write("commands", script))
    parts = said.split("\n@@@\n")[1:]
    for number, (command, pattern) in enumerate(facts):
        reached = number < len(parts) and (number + 1 < len(parts) or "Error in sourced" not in said)
        part = parts[number] if reached else "(not reached)\n" + said[-1500:]
        suite.check(f"{number}: {command[:70]}", reached and re.search(pattern, part, re.S), f"wanted {pattern}\n{part}")


def line_of(path, text):
    with open(path, encoding="ascii") as file:
        return next(number for number, line in enumerate(file, 1) if text in line)


# ---- the kernel ----
# The compiler has put do_anonymous_page into its caller: it is met by one of its lines.
anonymous = line_of(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../guestos/mm/memory.c"),
                    "tell_branch(f, FLT_BRANCH_ANON);")
with Machine(images, "0", "first-faults") as machine:
    facts = [
        (f"target remote {machine.name}", r"fff0"),
        ("info registers", r"eip +0xfff0.*cs_base +0xffff0000.*cr0 +0x60000010 +\[ ET NW CD \].*efer"),
        ("hbreak do_page_fault", r"Hardware assisted breakpoint 1 at 0xc0"),
        ("continue", r"Breakpoint 1, do_page_fault \(regs=0xc[0-9a-f]+, error_code=2\)"),
        ("backtrace", r"#0 +do_page_fault .*do_execve.*kernel_execve.*init"),
        ("info registers cr0 cr2 cr3 cr4 cpl eflags", r"\[ PE .*PG \].*cr2 +0x80[0-9a-f]+ .*cr3 +0x[0-9a-f]+000.*cpl +0x0"),
        ("x/4i $eip", r"=> 0xc0[0-9a-f]+ <do_page_fault>:\tpush.*do_page_fault\+"),
        ("print/x *(unsigned char *)$eip", r"= 0x55"),
        ("stepi", r"0xc0[0-9a-f]+"),
        ("print (int)$eip - (int)do_page_fault", r"= 1\n"),
        ("monitor", r"fault \[NUMBER\]"),
        ("monitor help walk", r"walk \[WHERE\]"),
        ("monitor walk 8048000", r"PDE.*not present"),
        ("monitor fault", r"writes? "),
        ("monitor zones", r"DMA +\d+.*Normal"),
        ("monitor frames", r"page table"),
        ("monitor tasks", r"kswapd0"),
        ("monitor events 3", r"pid 1"),
        ("monitor continue", r"not for here"),
        ("monitor nonsense", r"no command 'nonsense'"),
        ("delete 1", r""),
        (f"break memory.c:{anonymous}", r"Breakpoint 2 at 0xc0"),
        ("continue", r"Breakpoint 2, .* at .*memory.c:"),
        ("bt", r"do_anonymous_page \(f=0x.*do_handle_mm_fault.*do_page_fault.*error_entry"),
        ("next", r"\d+\t"),
        ("info breakpoints", r"2 +breakpoint.*already hit 1 time"),
        ("delete", r""),
        ("watch total_forks", r"[Ww]atchpoint 3"),
        ("continue", r"Old value = \d+\nNew value = \d+"),
        ("bt 1", r"#0 "),
        ("delete 3", r""),
        ("rwatch nr_context_switches", r"read watchpoint 4"),
        ("continue", r"Value = \d+"),
        ("delete 4", r""),
        ("monitor stop cow", r"stop \d+|cow"),
        ("monitor stops", r"cow"),
        ("continue", r"copy on write|copied|cow.*SIGTRAP"),
        ("monitor delete", r""),
        ("detach", r"detached"),
        ("info program", r"not being run"),
        (f"target extended-remote {machine.name}", r" at |0x"),
        ("print $cr0 & 1", r"= 1\n|PE"),
        ("kill", r"killed"),
    ]
    play(images.kernel, facts)
    status, out, err = machine.end()
    suite.check("and the machine ends with it", status == 0, f"{status} {err}")

# ---- a program ----
path = os.path.join(temporary.name, "socket")
with Machine(images, "unix:" + path, program, command="debug") as machine:
    facts = [
        (f"target remote {machine.name}", r"fff0"),
        ("break main", r"Breakpoint 1 at 0x804"),
        ("continue", r"Breakpoint 1, main \(argc=1"),
        ("info registers eip cpl", r"<main.*cpl +0x3"),
        ("next", r"sum = argc"),
        ("next", r"argc > 1"),
        ("next", r"i < 3"),
        ("next", r"sum \+= twice"),
        ("step", r"twice \(value=0\)"),
        ("print value", r"= 0"),
        ("bt", r"#0 +twice.*#1 .* main "),
        ("watch counter", r"Hardware watchpoint 2"),
        ("continue", r"Old value = 0\nNew value = 2\ntwice \(value=1\)"),
        ("continue", r"Old value = 2\nNew value = 6\ntwice \(value=2\)"),
        ("print pair", r'\{left = 1, right = 2, name = "pair'),
        ("set var pair.left = 5", r""),
        ("print pair.left", r"= 5"),
        ("delete 2", r""),
        ("awatch pair.right", r"access \(read/write\) watchpoint 3"),
        ("finish", r"Value returned is .* = 4"),
        ("continue", r"Old value = 2\nNew value = 7|New value = 7"),
        ("delete 3", r""),
        ("info threads", r"\* 1 +Thread 1"),
        ("print $cr3 & 0xfff", r"= 0"),
        ("tbreak printf", r"Temporary breakpoint"),
        ("continue", r"Temporary breakpoint.*printf"),
        ("up", r"#1 .* main"),
        ("continue", r"Inferior 1 \(Remote target\) exited with code 07"),
    ]
    play(program, facts)
    status, out, err = machine.end()
    suite.check("the program's words and status are its own", status == 7 and "sum 7 counter 6 right 7 named" in out,
                f"{status} {out} {err}")

# ---- the guest sees nothing ----
with tempfile.TemporaryDirectory() as folder:
    free, steered = os.path.join(folder, "free.jsonl"), os.path.join(folder, "steered.jsonl")
    silence, ours = os.pipe() # nobody types, as for a machine that GDB steers
    with open(silence, "rb") as keys:
        alone = subprocess.run([images.faultline, "run", "--headless", "--trace", free, program], stdin=keys,
                               stdout=subprocess.PIPE, timeout=120, check=False, text=True)
    os.close(ours)
    with Machine(images, "0", "--trace", steered, program) as machine:
        play(program, [
            (f"target remote {machine.name}", r"fff0"),
            ("stepi 300", r"0x"),
            ("watch *(int *)0x80001000", r"atchpoint"),
            ("break *main", r"Breakpoint"),
            ("continue", r"Breakpoint .*main"),
            ("stepi 40", r"\d+\t"),
            ("awatch -l *(int *)($esp - 16)", r"atchpoint"),
            ("continue", r"alue = "),
            ("delete", r""),
            ("stepi 100", r"0x|\d+\t"),
            ("nexti 5", r"0x|\d+\t"),
            ("info registers", r"cr3"),
            ("x/2000xw $esp - 400", r"0x"),
            ("monitor zones", r"Normal"),
            ("detach", r"detached"),
        ])
        status, out, err = machine.end()
    suite.check("the program ends as it does alone", (status, out) == (alone.returncode, alone.stdout),
                f"{status} {out} {alone}")
    with open(free, "rb") as a, open(steered, "rb") as b:
        a, b = a.read(), b.read()
    suite.check("every record is the same, to the block", a == b and len(a) > 100000, f"{len(a)} and {len(b)} bytes")

# ---- docs/debugger.md ----
top = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
with open(os.path.join(top, "docs/debugger.md"), encoding="utf-8") as file:
    session = re.search(r"^```\n(\(gdb\) .*?)```", file.read(), re.S | re.M)[1]
with Machine(images, "0", "first-faults") as machine:
    shown = [part.split("\n", 1) for part in session.split("(gdb) ")[1:]]
    play(images.kernel, [(f"target remote {machine.name}", "")]
         + [(command, re.escape(output.strip())) for command, output in shown])

# ---- the descriptions ----
for bits, architecture in (("32", "i386"), ("64", "i386:x86-64")):
    description = write(f"target{bits}.xml", run([sys.argv[3], bits]).out)
    said = batch("-ex", f"set tdesc filename {description}", "-ex", "show architecture", "-ex", "maint print registers")
    suite.check(f"GDB takes the description of {bits} bits", f'currently "{architecture}"' in said and " cr3 " in said
                and "warning" not in said.lower(), said)

# ---- Ctrl-C ----
with Machine(images, "0", program, "for ever") as machine:
    script = f"""
import gdb, os, signal, threading, time
gdb.execute("set pagination off")
gdb.execute("target remote {machine.name}")
threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    gdb.execute("continue")
except KeyboardInterrupt:
    pass
print("STOPPED", gdb.selected_inferior().pid, gdb.parse_and_eval("$cpl"))
gdb.execute("detach")
"""
    said = batch("-x", write("interrupt.py", script))
    suite.check("Ctrl-C stops a machine that runs", "SIGINT" in said and "STOPPED" in said, said)

# ---- beside the window ----
if len(sys.argv) > 4:
    with Machine(images, "0", program, window=True) as machine:
        play(program, [
            (f"target remote {machine.name}", r"fff0"),
            ("break main", r"Breakpoint 1"),
            ("continue", r"Breakpoint 1, main"),
            ("next", r"sum = argc"),
            ("stepi", r"0x0804|argc > 1"),
            ("set var argc = 2", r""),
            ("delete", r""),
            ("python import os, signal, threading", r""),
            ("python threading.Timer(1, lambda: os.kill(os.getpid(), signal.SIGINT)).start()", r""),
            ("continue", r"SIGINT.*main"),
            ("print counter > 1000", r"= 1"),
            ("set var argc = 1", r""),
            ("continue", r"exited with code 07"),
        ])
        suite.check("the window stays", machine.process.poll() is None)

# ---- a second GDB ----
with Machine(images, "0", "first-faults") as machine:
    first = start()
    first.stdin.write(f"target remote {machine.name}\necho here\\n\n")
    first.stdin.flush()
    while "here" not in first.stdout.readline():
        pass
    said = batch("-ex", f"target remote {machine.name}")
    suite.check("a second GDB says why it cannot", "another GDB is connected" in said, said)
    first.stdin.write("kill\ny\nquit\n")
    first.stdin.close()
    suite.check("and the first can go on", machine.end()[0] == 0)
    first.wait(timeout=20)
suite.finish()
