#!/usr/bin/env python3
"""check_json.py SAMPLE TRACE.md: every line that SAMPLE prints is JSON, and its keys are those that the document names,
no more and no fewer."""
import json
import re
import subprocess
import sys


def paths(value, prefix=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield prefix + key
            yield from paths(inner, prefix + key + ".")
    elif isinstance(value, list):
        for inner in value:
            yield from paths(inner, prefix)


def documented(text):
    """Keys of fault records; keys by event type."""
    faults, events = text.split("## Guest events")
    fault_keys = set()
    for row in re.findall(r"^\|(.*?)\|", faults, re.M):
        fault_keys |= set(re.findall(r"`([a-z_.]+)`", row))
    common, table = events.split("and those of its type")
    shared = set()
    for row in re.findall(r"^\|(.*?)\|", common, re.M):
        shared |= set(re.findall(r"`([a-z_]+)`", row))
    by_type = {}
    for names, keys in re.findall(r"^\| (`.*?) \| (.*?) \|$", table, re.M):
        for name in re.findall(r"`([a-z_]+)`", names):
            by_type[name] = shared | set(re.findall(r"`([a-z_]+)`", keys))
    return fault_keys, by_type


def main():
    lines = subprocess.run([sys.argv[1]], check=True, capture_output=True).stdout.decode("ascii").splitlines()
    fault_keys, by_type = documented(open(sys.argv[2]).read())
    seen_fault_keys, seen_types, problems = set(), set(), []
    for number, line in enumerate(lines, 1):
        record = json.loads(line, object_pairs_hook=unique)
        keys = set(paths(record))
        if record["type"] == "fault":
            seen_fault_keys |= keys
            missing_top = {key for key in fault_keys if "." not in key} - keys
            if missing_top:
                problems.append(f"line {number}: no {sorted(missing_top)}")
            continue
        seen_types.add(record["type"])
        expected = by_type.get(record["type"])
        if keys != expected:
            problems.append(f"line {number}: {record['type']} has {sorted(keys)}, documented {sorted(expected or [])}")
    if seen_fault_keys != fault_keys:
        problems.append(f"undocumented {sorted(seen_fault_keys - fault_keys)}, never written {sorted(fault_keys - seen_fault_keys)}")
    if seen_types != set(by_type):
        problems.append(f"types: {sorted(seen_types ^ set(by_type))}")
    print("\n".join(problems) or f"{len(lines)} lines, {len(fault_keys)} keys of faults, {len(by_type)} types of events")
    return 1 if problems or len(lines) < 40 else 0


def unique(pairs):
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), f"a key twice in {keys}"
    return dict(pairs)


sys.exit(main())
