#!/usr/bin/env python3
"""Every kind of stop condition from the command line, on runs where the right stop is known.

A run is recorded with --trace first. For each condition a few lines of Python find the first record of that trace for
which it must hold; `run --stop` must end at that very block. Nothing of the debugger takes part in the expectation.

usage: conditions.py BUILD
"""
import json
import os
import re
import struct
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../system"))
from harness import Images, Suite, run  # noqa: E402

images = Images(sys.argv[1])
suite = Suite()
temporary = tempfile.TemporaryDirectory()
folder = os.path.realpath(temporary.name)
DIRTY, ACCESSED = 0x40, 0x20


def swap_file(name, mib):
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.truncate(mib << 20)
        file.seek(1024)
        file.write(struct.pack("<II", 1, (mib << 20) // 4096 - 1))
        file.seek(4086)
        file.write(b"SWAPSPACE2")
    return path


def fault(holds):
    return "fault", lambda r: r["user_program"] and holds(r)


def event(name, holds=lambda r: True):
    return name, holds


def address(record):
    return int(record["access"]["linear"], 16)


def refused(record):
    return [level["name"] for level in record["walk"]["levels"] if level["refused"]]


def dirtied(record):
    before, after = int(record["before"], 16), int(record["after"], 16)
    return after & DIRTY and not before & DIRTY


def marks(zone, mark, below):
    return lambda r: (r["zone"], r["mark"], r["below"]) == (zone, mark, below)


class Machine:
    """A run, its record, and the same run with a stop."""

    def __init__(self, *arguments):
        self.arguments = arguments
        trace = os.path.join(folder, "trace.jsonl")
        done = run([images.faultline, "run", "--headless", "--trace", trace, *arguments])
        suite.check(f"{arguments[-1]} is recorded", done.status == 0, done)
        with open(trace, encoding="utf-8") as file:
            self.lines = file.readlines()

    def expect(self, condition, wanted, words=""):
        """The first record of the wanted type for which the rest holds is where the condition must stop."""
        kind, holds = wanted
        begins = '{"type":"' + kind + '"'
        for line in self.lines:
            if line.startswith(begins) and holds(record := json.loads(line)):
                break
        else:
            suite.check(f"{condition}: the run has such a record", False)
            return
        block = record["end_blocks"] if record["type"] == "fault" else record["blocks"]
        done = run([images.faultline, "run", "--headless", "--stop", condition, *self.arguments])
        told = re.search(r"^at block (\d+): (.*)$", done.err, re.M)
        suite.check(f"{condition} stops at block {block}", done.status == 5 and told and int(told[1]) == block
                    and words in told[2], f"{line[:300]}\n{done}")

    def never(self, condition):
        done = run([images.faultline, "run", "--headless", "--stop", condition, *self.arguments])
        suite.check(f"{condition} never holds, and changes nothing", done.status == 0 and "at block" not in done.err,
                    done)


small = Machine("first-faults")
small.expect("fault branch=cow_copy", fault(lambda r: r["branch"] == "cow_copy"))
small.expect("fault branch=cow_reuse,anon_zero", fault(lambda r: r["branch"] in ("cow_reuse", "anon_zero")))
small.expect("fault access=write", fault(lambda r: r["access"]["kind"] == "write"))
small.expect("fault error=5/5", fault(lambda r: r["access"]["error_code"] & 5 == 5))
small.expect("fault addr=bff00000-bffdf000", fault(lambda r: 0xbff00000 <= address(r) < 0xbffdf000))
small.expect("fault vma=[stack]", fault(lambda r: r["vma"] and r["vma"]["name"] == "[stack]"))
small.expect("fault level=pde", fault(lambda r: "PDE" in refused(r)))
small.expect("fault rule=read-only", fault(lambda r: r["walk"]["rule"] == "read-only"))
small.expect("fault outcome=signal", fault(lambda r: r["outcome"] and r["branch"] == "segv"))
small.expect("fault kernel", event("fault"))
small.expect("pte bit=D change=set by=fault", event("fault_pte", dirtied))
small.expect("cow mapcount>=2", event("fault_cow", lambda r: r["old_mapcount"] >= 2))
small.expect("cow how=reuse", event("fault_cow", lambda r: r["old_pfn"] == r["new_pfn"]))
small.expect("task what=exec name=first-faults", event("task_rename", lambda r: r["comm"] == "first-faults"))
small.expect("signal signal=SIGSEGV", event("signal", lambda r: r["signal"] == 11))
small.expect("event name=mm_page_alloc order>=1", event("mm_page_alloc", lambda r: r["order"] >= 1))
small.never("kswapd what=wake")
small.never("oom")

low = Machine("--memory", "16M", "--disk", swap_file("swap", 32), "hog", "20")
low.expect("watermark zone=DMA mark=low dir=below", event("mm_watermark", marks(0, 1, 1)))
low.expect("watermark mark=high dir=above task=kswapd0",
           event("mm_watermark", lambda r: (r["mark"], r["below"], r["task"]) == (2, 0, 4)))
low.expect("split order>=4", event("mm_buddy_split", lambda r: r["order"] >= 4))
low.expect("merge order>=4", event("mm_buddy_merge", lambda r: r["order"] >= 4))
low.expect("lru from=active to=inactive", event("mm_lru_move", lambda r: (r["from_active"], r["to_active"]) == (1, 0)))
low.expect("lru from=inactive to=active why=referenced",
           event("mm_lru_move", lambda r: (r["from_active"], r["to_active"], r["reason"]) == (0, 1, 3)))
low.expect("harvest bit=A young>=1", event("mm_page_referenced", lambda r: r["young"] >= 1))
low.expect("kswapd what=wake", event("mm_vmscan_kswapd_wake"))
low.expect("kswapd what=sleep", event("mm_vmscan_kswapd_sleep"))
low.expect("direct what=begin task=hog", event("mm_vmscan_direct_reclaim_begin"))
low.expect("direct what=end reclaimed>=32", event("mm_vmscan_direct_reclaim_end", lambda r: r["reclaimed"] >= 32))
low.expect("decision outcome=activate", event("mm_vmscan_page", lambda r: r["outcome"] == 1))
low.expect("unmap", event("mm_unmap"))
low.expect("pageout anon=1", event("mm_vmscan_writepage", lambda r: r["anon"] == 1))
low.expect("swapout slot=7", event("mm_swap_out", lambda r: r["offset"] == 7))
low.expect("swapin cached=0", event("mm_swap_in", lambda r: r["cached"] == 0))
low.expect("fault branch=swap_in major", fault(lambda r: r["branch"] == "swap_in" and r["major"]))
low.expect("alloc order>=2", event("mm_page_alloc", lambda r: r["order"] >= 2))
low.expect("free order>=1", event("mm_page_free", lambda r: r["order"] >= 1))
low.expect("wait what=begin", event("page_wait_begin"))
low.expect("io what=issue dir=write", event("block_rq_issue", lambda r: r["write"] == 1))
low.expect("writeback what=begin", event("writeback_start"))

full = Machine("--memory", "16M", "oom")
full.expect("oom", event("mm_oom_kill"), words="oom")
full.expect("oom task=oom", event("mm_oom_kill"))
suite.finish()
