"""Tables of reclaim's speed and of faults' latency, in virtual time (tools/bench --reclaim). Deterministic: the same everywhere."""
import collections
import json
import os
import statistics
import tempfile

from pressure import HOLES, HOT, OUT, STREAM, Run, make_disks

MEMORY = "16M"
RATES = [
    ("clean cache, a hole", ["clean", HOLES]),
    ("clean cache, from disk", ["clean", STREAM]),
    ("dirty cache", ["dirty", OUT, "64"]),
    ("anonymous, written once", ["anon", "32", "1"]),
    ("anonymous, written twice", ["anon", "32", "2"]),
    ("mixed: all three at once", ["mixed", HOLES, "24", OUT]),
]
HOT_SETS = [("anonymous", "anon"), ("mapped file", "mapped"), ("file read by read()", "read")]
# An event after which the next page is looked at at once: the time from it to mm_page_referenced is that function's.
BEFORE_LOOK = ("mm_lru_move", "mm_vmscan_page", "mm_vmscan_lru_isolate")
PERCENTS = (50, 90, 99, 100)


def kib_a_request(run):
    disks = [value for name, value in run.values.items() if name.startswith("disk-")]
    requests = sum(reads + writes for reads, _, writes, _ in disks)
    return sum(read + written for _, read, _, written in disks) / 2 / max(requests, 1)


def rates(run):
    print("%-28s %10s %8s %8s %12s %8s %12s" % ("", "pages / s", "kswapd", "stalls", "scan/steal", "refill", "KiB/request"))
    numbers = {}
    for title, load in RATES:
        done = run(MEMORY, load)
        share = done.values["kswapd_steal"] / max(done.stolen, 1)
        refill = done.values["pgrefill_"] / max(done.stolen, 1)
        print("%-28s %10.0f %7.0f%% %8d %12.2f %8.2f %12.0f" % (title, done.pages_a_second, share * 100, done.values["allocstall"],
                                                               done.work, refill, kib_a_request(done)))
        numbers[title] = {"pages_a_second": done.pages_a_second, "scan_steal": done.work, "kswapd": share,
                          "stalls": done.values["allocstall"]}
    return numbers


def hot_sets(run):
    print("%-28s %10s %8s %12s" % ("hot set beside a stream", "worst", "mean", "scan/steal"))
    numbers = {}
    for title, kind in HOT_SETS:
        done = run(MEMORY, ["hot", kind, STREAM, HOT])
        worst, mean = done.values["worst-per-mille"] / 10, done.values["mean-per-mille"] / 10
        print("%-28s %9.1f%% %7.1f%% %12.2f" % (title, worst, mean, done.work))
        numbers[title] = {"worst": worst, "mean": mean}
    return numbers


def look_costs(trace, pages):
    """Blocks of page_referenced by (kind, mappers, were they used)."""
    costs, last = collections.defaultdict(list), None
    with open(trace, encoding="ascii") as lines:
        for line in lines:
            if '"type":"fault"' in line[:20]:
                continue
            if '"type":"mm_page_referenced"' in line and last:
                now, before = json.loads(line), json.loads(last)
                kind, mappers = pages.get(now["pfn"], (None, 0))
                if mappers == now["mapcount"] and before["task"] == now["task"] and before["type"] in BEFORE_LOOK:
                    costs[kind, mappers, now["young"] > 0].append(now["blocks"] - before["blocks"])
            last = line
    return {key: statistics.median(value) for key, value in costs.items()}


def mappers(run, folder):
    trace = os.path.join(folder, "trace")
    costs = look_costs(trace, run("128M", ["mappers", HOT, HOLES], trace).pages)
    columns = [("file", True), ("file", False), ("anon", True), ("anon", False)]
    print("%-28s" % "page_referenced, blocks" + "".join("%10s %9s" % (kind + (" used" if used else " not"), "a mapper")
                                                        for kind, used in columns))
    for number in sorted({key[1] for key in costs}):
        cells = [costs.get((kind, number, used)) for kind, used in columns]
        print("%-28s" % ("%d mappers" % number) + "".join("%10s %9s" % (("%.0f" % cell, "%.1f" % (cell / number)) if cell else ("", ""))
                                                          for cell in cells))
    return [{"kind": kind, "mappers": number, "used": used, "blocks": blocks} for (kind, number, used), blocks in sorted(costs.items())]


def latencies(trace):
    """Virtual nanoseconds of the program's faults by branch."""
    by_branch = collections.defaultdict(list)
    with open(trace, encoding="ascii") as lines:
        for line in lines:
            if '"type":"fault"' not in line[:20]:
                continue
            fault = json.loads(line)
            if fault["user_program"] and fault["end_ns"] and fault["outcome"] == "retry":
                by_branch[fault["branch"]].append(fault["end_ns"] - fault["begin_ns"])
    return {branch: sorted(times) for branch, times in by_branch.items()}


def faults(run, folder):
    numbers = {}
    for title, memory, mib in (("no pressure", "64M", "8"), ("twice the memory", MEMORY, "16")):
        trace = os.path.join(folder, "trace")
        run(memory, ["faults", HOT, mib], trace)
        print("%-28s %8s" % ("faults, " + title, "number") + "".join("%14s" % name for name in ("p50 ns", "p90 ns", "p99 ns", "max ns")))
        for branch, times in sorted(latencies(trace).items()):
            values = [times[min(len(times) * percent // 100, len(times) - 1)] for percent in PERCENTS]
            print("%-28s %8d" % ("  " + branch, len(times)) + "".join("%14d" % value for value in values))
            numbers[title + ", " + branch] = values
    return numbers


def print_all(build):
    with tempfile.TemporaryDirectory() as folder:
        make_disks(folder)

        def run(memory, load, trace=None):
            return Run(build, folder, memory, load, trace)

        numbers = {"rates": rates(run)}
        print()
        numbers["hot"] = hot_sets(run)
        print()
        numbers["page_referenced"] = mappers(run, folder)
        print()
        numbers["faults"] = faults(run, folder)
        return numbers
