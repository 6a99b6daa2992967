"""Runs in which the right stop of each kind of condition is known.

A run is recorded with --trace. For each condition a few lines of Python say for which records of that trace it must
hold; nothing of the debugger takes part in that.
"""
import json
import os
import struct
import subprocess

DIRTY = 0x40


def swap_file(path, mib):
    """What mkswap makes, and what a demonstration's swap disk is."""
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


def block_of(record):
    return record["end_blocks"] if record["type"] == "fault" else record["blocks"]


class Machine:
    """How to run it, for the command line and for a Lua script, and which conditions hold there."""

    def __init__(self, arguments, script, known):
        self.arguments, self.script, self.known = arguments, script, known
        self.records = []

    def record(self, images, folder, stdin=subprocess.DEVNULL):
        """Runs freely. The exit status; self.records are the lines of the trace. The end of an input is typed at the
        guest's terminal: a demonstration has none, so its machine is that of an input that stays open."""
        trace = os.path.join(folder, "trace.jsonl")
        done = subprocess.run([images.faultline, "run", "--headless", "--trace", trace, *self.arguments], stdin=stdin,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)
        with open(trace, encoding="utf-8") as file:
            self.records = [json.loads(line) for line in file]
        return done.returncode

    def right(self, known, after=0):
        """The first record for which the condition holds, later than the first `after` records."""
        kind, holds = known[1]
        for record in self.records[after:]:
            if record["type"] == kind and holds(record):
                return record
        return None


def machines(folder):
    small = Machine(["first-faults"], "program = {'first-faults'}", [
        ("fault branch=cow_copy", fault(lambda r: r["branch"] == "cow_copy")),
        ("fault branch=cow_reuse,anon_zero", fault(lambda r: r["branch"] in ("cow_reuse", "anon_zero"))),
        ("fault access=write", fault(lambda r: r["access"]["kind"] == "write")),
        ("fault error=5/5", fault(lambda r: r["access"]["error_code"] & 5 == 5)),
        ("fault addr=bff00000-bffdf000", fault(lambda r: 0xbff00000 <= address(r) < 0xbffdf000)),
        ("fault vma=[stack]", fault(lambda r: r["vma"] and r["vma"]["name"] == "[stack]")),
        ("fault level=pde", fault(lambda r: "PDE" in refused(r))),
        ("fault rule=read-only", fault(lambda r: r["walk"]["rule"] == "read-only")),
        ("fault outcome=signal", fault(lambda r: r["outcome"] and r["branch"] == "segv")),
        ("fault kernel", event("fault")),
        ("pte bit=D change=set by=fault", event("fault_pte", dirtied)),
        ("cow mapcount>=2", event("fault_cow", lambda r: r["old_mapcount"] >= 2)),
        ("cow how=reuse", event("fault_cow", lambda r: r["old_pfn"] == r["new_pfn"])),
        ("task what=exec name=first-faults", event("task_rename", lambda r: r["comm"] == "first-faults")),
        ("signal signal=SIGSEGV", event("signal", lambda r: r["signal"] == 11)),
        ("event name=mm_page_alloc order>=1", event("mm_page_alloc", lambda r: r["order"] >= 1)),
    ])
    swap = swap_file(os.path.join(folder, "swap"), 32)
    low = Machine(["--memory", "16M", "--disk", swap, "hog", "20"],
                  "memory = '16M', swap = '32M', program = {'hog', '20'}", [
        ("watermark zone=DMA mark=low dir=below", event("mm_watermark", marks(0, 1, 1))),
        ("watermark mark=high dir=above task=kswapd0",
         event("mm_watermark", lambda r: (r["mark"], r["below"], r["task"]) == (2, 0, 4))),
        ("split order>=4", event("mm_buddy_split", lambda r: r["order"] >= 4)),
        ("merge order>=4", event("mm_buddy_merge", lambda r: r["order"] >= 4)),
        ("lru from=active to=inactive", event("mm_lru_move", lambda r: (r["from_active"], r["to_active"]) == (1, 0))),
        ("lru from=inactive to=active why=referenced",
         event("mm_lru_move", lambda r: (r["from_active"], r["to_active"], r["reason"]) == (0, 1, 3))),
        ("harvest bit=A young>=1", event("mm_page_referenced", lambda r: r["young"] >= 1)),
        ("kswapd what=wake", event("mm_vmscan_kswapd_wake")),
        ("kswapd what=sleep", event("mm_vmscan_kswapd_sleep")),
        ("direct what=begin task=hog", event("mm_vmscan_direct_reclaim_begin")),
        ("direct what=end reclaimed>=32", event("mm_vmscan_direct_reclaim_end", lambda r: r["reclaimed"] >= 32)),
        ("decision outcome=activate", event("mm_vmscan_page", lambda r: r["outcome"] == 1)),
        ("unmap", event("mm_unmap")),
        ("harvest bit=D", event("mm_unmap", lambda r: int(r["before"], 16) & (DIRTY | 1) == DIRTY | 1)),
        ("pageout anon=1", event("mm_vmscan_writepage", lambda r: r["anon"] == 1)),
        ("swapout slot=7", event("mm_swap_out", lambda r: r["offset"] == 7)),
        ("swapin cached=0", event("mm_swap_in", lambda r: r["cached"] == 0)),
        ("fault branch=swap_in major", fault(lambda r: r["branch"] == "swap_in" and r["major"])),
        ("alloc order>=2", event("mm_page_alloc", lambda r: r["order"] >= 2)),
        ("free order>=1", event("mm_page_free", lambda r: r["order"] >= 1)),
        ("wait what=begin", event("page_wait_begin")),
        ("io what=issue dir=write", event("block_rq_issue", lambda r: r["write"] == 1)),
        ("writeback what=begin", event("writeback_start")),
    ])
    full = Machine(["--memory", "16M", "oom"], "memory = '16M', program = {'oom'}", [
        ("oom", event("mm_oom_kill")),
        ("oom task=oom", event("mm_oom_kill")),
    ])
    return [small, low, full]
