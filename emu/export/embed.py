#!/usr/bin/env python3
"""embed.py OUTPUT NAME=FILE...: writes a C file in which each FILE is a string constant."""
import sys

with open(sys.argv[1], "w") as output:
    output.write('#include "emu/export/page.h"\n')
    for argument in sys.argv[2:]:
        name, path = argument.split("=", 1)
        data = open(path, "rb").read()
        if b"\0" in data:
            sys.exit(f"{path} holds a NUL")
        output.write(f"\nconst char {name}[] = {{\n")
        for at in range(0, len(data), 32):
            output.write("".join(f"{byte}," for byte in data[at:at + 32]) + "\n")
        output.write("0};\n")
