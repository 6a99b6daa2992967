#!/usr/bin/env python3
"""Writes the kernel's symbol table (lib/kallsyms.c describes it) as assembly.

usage: kallsyms.py NM KERNEL OUTPUT
Takes every function symbol of the first link's image. Where several names share an address, the first in
alphabetical order stays, so that the output depends on nothing but the image.
"""
import os
import subprocess
import sys


def functions(nm, kernel):
    listing = subprocess.run([nm, kernel], check=True, capture_output=True, text=True).stdout
    by_address = {}
    for line in listing.splitlines():
        fields = line.split()
        if len(fields) != 3 or fields[1] not in "tT" or fields[2] in ("_text", "_etext"):
            continue
        address = int(fields[0], 16)
        if address < 0xC0000000:
            continue
        by_address[address] = min(by_address.get(address, fields[2]), fields[2])
    return sorted(by_address.items())


def end_of_text(nm, kernel):
    listing = subprocess.run([nm, kernel], check=True, capture_output=True, text=True).stdout
    return next(int(line.split()[0], 16) for line in listing.splitlines() if line.endswith(" _etext"))


def assembly(symbols, end):
    out = ['    .section .kallsyms, "a"', "    .globl kallsyms_count, kallsyms_addresses, kallsyms_offsets, kallsyms_names"]
    out += ["    .align 4", "kallsyms_count:", f"    .long {len(symbols)}", "kallsyms_addresses:"]
    out += [f"    .long {address:#x}" for address, _ in symbols] + [f"    .long {end:#x}", "kallsyms_offsets:"]
    offset = 0
    for _, name in symbols:
        out.append(f"    .long {offset}")
        offset += len(name) + 1
    out.append("kallsyms_names:")
    out += [f'    .asciz "{name}"' for _, name in symbols]
    out.append('    .section .note.GNU-stack, "", @progbits')
    return "\n".join(out) + "\n"


def main():
    nm, kernel, output = sys.argv[1:]
    symbols = functions(nm, kernel)
    if not symbols:
        sys.exit(f"kallsyms.py: {kernel} has no function symbols; was it stripped?")
    temporary = output + ".tmp"
    with open(temporary, "w", encoding="ascii") as file:
        file.write(assembly(symbols, end_of_text(nm, kernel)))
    os.replace(temporary, output)


main()
