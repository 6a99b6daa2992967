#!/usr/bin/env python3
"""A kernel that is not ours in the terminal debugger: its faults in order, of both rings; steps, stops, walks, calls by its
own symbols; frames by their use in its page tables. And our own kernel without its symbols.

usage: foreign.py BUILD KERNEL
"""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../system"))
from harness import Images, Suite, run  # noqa: E402

images = Images(sys.argv[1])
kernel = sys.argv[2]
suite = Suite()
temporary = tempfile.TemporaryDirectory()


def debug(script, *options):
    return run([images.faultline, "debug", "--cli", "--limit", "20", "--kernel", *options], stdin=script.encode())


def holds(name, done, *patterns):
    """Each pattern is found, one behind the other."""
    at = 0
    for pattern in patterns:
        found = re.compile(pattern, re.M).search(done.out, at)
        if not suite.check(f"{name}: {pattern}", found, done):
            return
        at = found.end()


# ---- faults: three of the program, two of the kernel ----
expected = [("user mode", "read ", "40003000"), ("user mode", "write", "40003000"), ("user mode", "write", "40005000"),
            ("kernel mode", "write", "00800000"), ("kernel mode", "write", "00801000")]
lines = [rf"^. #{i + 1} +{who} .* {how} +{where} .* untraced " for i, (who, how, where) in enumerate(expected)]
done = debug("n\nn\nn\nn\nn\nfaults\nc\nfaults\n", kernel)
holds("next fault by next fault", done, *[line[3:] for line in lines], *lines)
holds("the end loses none", done, "done", "ended with status 16", *lines)
done = debug("c\nfaults\nfault 2\n", kernel)
holds("faults of a run without stops", done, *lines)
holds("a fault tells what the hardware knows", done, r"^fault 2: untraced, user mode", r"error code 7 = present \+ write \+ user",
      "PTE .*refused: read-only", r"1\. PTE 0010 \w+25 -> 0010 \w+67$",
      r"2\. the kernel sent no events about this fault: by the entry the access is allowed now")
done = debug("n\nfault\nbreak answer_fault\nc\nf\nfault\nn\nfault 1\n", kernel)
holds("an entry is seen to change", done, r"1\. the kernel sent no events about this fault: what it did is not known",
      r"1\. PTE 0000 0000 -> 0010 \w+05$", r"allowed now", r"1\. PTE 0000 0000 -> 0010 \w+25$")
done = debug("n\nn\nN\nfault\nstop fault access=write\nc\n", kernel)
holds("the one before, and a condition", done, "#1 +user mode", "#2 +user mode", "#1 +user mode", "^fault 1:",
      r"fault 3: write of 40005000 in user mode: not present")
done = debug("n\nnw\n", kernel)
holds("the next walk", done, "the processor sets")

# ---- code and memory of the foreign kernel ----
done = debug("break foreign_main\nc\nbt\nbreak answer_fault\nc\nbt\nf\nwalk $cr2\nx/2i answer_fault\nlist\n", kernel)
holds("stops, calls and walks", done, r"stop 1: break at foreign_main \(kernel\.c:\d+\)", r"^#0 .* foreign_main +kernel\.c",
      r"^#1 .* start", r"stop 2: break at answer_fault", r"^#0 .* answer_fault +kernel\.c", r"^#1 .* on_trap +kernel\.c:\d+",
      r"^#2 .* common", "entered the kernel from", r"^#3  40000007 \?", r"<on_trap\+", "PTE .*user, accessed .*4 KiB page at",
      "<answer_fault>  push ebp", r"answer_fault\(address, registers->error_code\)")
done = debug("n\ns\ns\nbt\n", kernel)
holds("steps go on from the fault into its handler", done, "<page_fault_entry", "<common>", r"^#0 .* common\S* *$")
suite.check("the error code is no caller", "00000004 ?" not in done.out, done)
done = debug("n\nwatch touched_table 4\nc\n", kernel)
holds("a watchpoint", done, r"wrote to touched_table at answer_fault\+\w+ \(kernel\.c:\d+\): 0x00000000 became 0x\w+03")

# ---- frames ----
done = debug("n\nn\ninfo frames\npage 40003000\n", kernel)
holds("frames by the tables", done, "has no mem_map", r"^32-bit paging, top table at \w+, 4 tables", r"^  page table +4 frames",
      r"^  user, read-only +2 frames", r"^  user +1 frames", r"PTE +\[ +3\].*read-only, user, accessed, clean", r"^frame (\w+), physical \w+: user, read-only",
      r"mapped at 00\w+ for the kernel, writable", "mapped at 40003000 for user mode, read-only: entry ")
pfn = re.search(r"^frame (\w+), physical \w+: user", done.out, re.M)
done = debug(f"n\nn\nframe {pfn[1] if pfn else '0'}\nframe fffff\ninfo tasks\nvma 40003000\n", kernel)
holds("a frame by its number", done, "user, read-only", "mapped at 40003000 for user mode", "the machine has no such frame",
      "has no mem_map", "has no mem_map")

# ---- our own kernel without symbols: it sends events, and never one that a program starts ----
stripped = os.path.join(temporary.name, "kernel")
subprocess.run(["objcopy", "--strip-all", images.kernel, stripped], check=True)
done = debug("n\nn\nfaults\nstop fault branch=cow_copy\nc\nfault\ninfo zones\ninfo tasks\ns\n", stripped, "--initrd",
             images.initramfs, "--cmdline", "init=/bin/first-faults")
holds("a stripped kernel's faults", done, r"^#1 .*\[\d+\]", r"^#2 .*\[\d+\]", "^  #1 ", "^> #2 ", "copy on write",
      r"fault \d+: copy on write", "new frame", "it has no symbols", "it has no symbols")
suite.finish()
