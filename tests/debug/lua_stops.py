#!/usr/bin/env python3
"""The same conditions as from the command line (../system/known_stops.py), from Lua: a script sets one stop, runs to it, takes
it away and sets the next. Each must be the first record after the last stop for which the condition holds.

usage: lua_stops.py BUILD
"""
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../system"))
from harness import Images, Suite, run  # noqa: E402
from known_stops import block_of, machines  # noqa: E402

SCRIPT = """
return {{ title = 'stops', {setup}, play = function()
  for i, text in ipairs{{ {conditions} }} do
    local id = stop(text)
    local met = run()
    if met then
      local record = met.event or met.fault
      print(string.format("MET\\t%d\\t%s\\t%d\\t%s\\t%d\\t%s", i, met.reason, met.blocks, record.type,
        record.type == "fault" and record.number or record.blocks, met.text))
    end
    remove(id)
  end
  check(finish() == 0, "the program ended well")
end }}
"""

images = Images(sys.argv[1])
suite = Suite()


def play(folder, setup, conditions):
    path = os.path.join(folder, "stops.lua")
    with open(path, "w", encoding="ascii") as script:
        script.write(SCRIPT.format(setup=setup, conditions=", ".join(f"'{text}'" for text in conditions)))
    done = run([images.faultline, "demo", "--headless", path])
    return done, [line.split("\t") for line in done.out.splitlines() if line.startswith("MET\t")]


def stood(machine, blocks):
    """How many records had come when the machine stood: stops are taken between two blocks."""
    return sum(block_of(record) <= blocks for record in machine.records)


def judge(machine, folder, wanted):
    """Plays the conditions of `wanted` in one run; those that had passed when their turn came are left over."""
    done, met = play(folder, machine.script, [known[0] for known in wanted])
    after, left = 0, [] # the first that is left over has run to the end of the program
    by_turn = {int(fields[1]): fields for fields in met}
    for turn, known in enumerate(wanted, 1):
        right = machine.right(known, after)
        if left or not right:
            left.append(known)
            continue
        fields = by_turn.get(turn, ["", "", "", "0", "", "0", "nothing was met"])
        number = right["number"] if right["type"] == "fault" else right["blocks"]
        suite.check(f"{known[0]}: {fields[6]}", fields[2] == "condition" and fields[4] == right["type"]
                    and int(fields[5]) == number, f"{str(right)[:300]}\n{done}")
        after = stood(machine, int(fields[3]))
    suite.check("and the program ends as ever", done.status == 0, done)
    return left


silence, _open = os.pipe()
with tempfile.TemporaryDirectory() as folder:
    for machine in machines(os.path.realpath(folder)):
        suite.check(f"{machine.arguments[-1]} is recorded", machine.record(images, folder, silence) == 0)
        order = {id(record): place for place, record in enumerate(machine.records)}
        wanted = sorted(machine.known, key=lambda known: order.get(id(machine.right(known)), len(order)))
        turns = 0
        while wanted and len(wanted) != turns:
            turns = len(wanted)
            wanted = judge(machine, folder, wanted)
        suite.check("every condition had its turn", not wanted, [known[0] for known in wanted])
    done, _ = play(folder, "program = {'first-faults'}", ["fault brnch=anon"])
    suite.check("a wrong condition has its sentence", done.status == 3 and "did you mean 'branch'?" in done.err, done)
suite.finish()
