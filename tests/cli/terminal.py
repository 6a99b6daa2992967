#!/usr/bin/env python3
"""The terminal debugger as a person meets it: on a pseudo-terminal, with a prompt, TAB, history and Ctrl-C.

usage: terminal.py BUILD
"""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../system"))
from harness import Images, Suite  # noqa: E402

images = Images(sys.argv[1])
suite = Suite()
temporary = tempfile.TemporaryDirectory()
folder = os.path.realpath(temporary.name)
PROMPT = "(faultline) "
PATIENCE = 60


class Terminal:
    """One run of `faultline debug --cli` with a terminal on all three sides."""

    def __init__(self, *arguments):
        environment = dict(os.environ, TERM="xterm", XDG_STATE_HOME=folder + "/state", HOME=folder)
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.execve(images.faultline, [images.faultline, "debug", "--cli", *arguments], environment)
        fcntl.ioctl(self.file, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        self.seen = ""

    def read_until(self, wanted, patience=PATIENCE):
        """What came up to and with `wanted`, or everything so far when it does not come."""
        end = time.monotonic() + patience
        while wanted not in self.seen and time.monotonic() < end:
            if not select.select([self.file], [], [], 0.2)[0]:
                continue
            try:
                self.seen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|[\r\x07]", "", os.read(self.file, 65536).decode())
            except OSError:
                break
        cut = self.seen.find(wanted)
        cut = len(self.seen) if cut < 0 else cut + len(wanted)
        text, self.seen = self.seen[:cut], self.seen[cut:]
        return text

    def send(self, text):
        os.write(self.file, text.encode())

    def command(self, text):
        """Sends a line; the answer up to the next prompt. The line comes back first, as the terminal echoes it."""
        self.send(text + "\r")
        self.read_until("\n")
        return self.read_until(PROMPT)

    def leave(self):
        self.send("quit\r")
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if select.select([self.file], [], [], 0.1)[0]:
                try:
                    os.read(self.file, 65536)
                except OSError:
                    pass
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.file)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
        return None


def compile(name, source):
    path = os.path.join(folder, name)
    with open(path + ".c", "w", encoding="utf-8") as file:
        file.write(source)
    subprocess.run(["gcc", "-m32", "-static", "-g", "-O1", "-o", path, path + ".c"], check=True)
    return path


# ---- a first session ----
terminal = Terminal("first-faults")
start = terminal.read_until(PROMPT)
suite.check("it greets, stops at the program's first fault and prompts",
            "`help` lists the commands" in start and "_start" in start and start.endswith(PROMPT), start)
answer = terminal.command("n")
suite.check("n shows the next fault", "__libc_start_main" in answer, answer)
answer = terminal.command("")
suite.check("an empty line repeats the step", "get_pc_thunk" in answer, answer)
answer = terminal.command("N")
suite.check("N looks at the one before", "__libc_start_main" in answer, answer)
answer = terminal.command("nonsense")
suite.check("a wrong command is answered with a sentence",
            "there is no command 'nonsense'; `help` lists them" in answer, answer)

# ---- TAB ----
terminal.send("inf\t")
suite.check("TAB completes a command", terminal.read_until("info ").endswith("info "), terminal.seen)
terminal.send("reg\t\r")
answer = terminal.read_until(PROMPT)
suite.check("TAB completes a topic", "cr3" in answer and "eflags" in answer, answer)
terminal.send("stop fault br\t")
suite.check("TAB completes a condition's key", "fault branch=" in terminal.read_until("branch="), terminal.seen)
terminal.send("cow_c\t")
suite.check("TAB completes a branch", "cow_copy" in terminal.read_until("cow_copy"), terminal.seen)
terminal.send("\x03")
answer = terminal.read_until(PROMPT)
suite.check("Ctrl-C at the prompt clears the line", "^C" in answer, answer)
answer = terminal.command("stops")
suite.check("what was cleared is not carried out", "no stops" in answer, answer)
terminal.send("stop kswapd what=\t")
answer = terminal.read_until("sleep") + terminal.read_until(PROMPT)
suite.check("TAB lists what is possible", "wake" in answer and "sleep" in answer, answer)
terminal.send("\x03")
terminal.read_until(PROMPT)
terminal.send("print __libc_start_m\t\r")
answer = terminal.read_until(PROMPT)
suite.check("TAB completes a symbol", "<__libc_start_main>" in answer, answer)
terminal.send("events 3 mm_page_al\t\r")
answer = terminal.read_until(PROMPT)
suite.check("TAB completes an event", answer.count("taken by") == 3, answer)

answer = terminal.command("continue")
suite.check("the guest's lines come whole, and the end is told", "8. write to unmapped memory" in answer
            and "\nthe machine has ended with status 0\n" in answer, answer)
suite.check("leaving after the end gives the program's status", terminal.leave() == 0)

# ---- history ----
history = os.path.join(folder, "state/faultline/history")
suite.check("the history is kept", os.path.exists(history) and "nonsense" in open(history).read()
            and os.listdir(os.path.dirname(history)) == ["history"])
terminal = Terminal("first-faults")
terminal.read_until(PROMPT)
terminal.send("\x1b[A\x1b[A\x1b[A\r")
answer = terminal.read_until(PROMPT)
suite.check("arrow up brings lines of the session before back", "taken by" in answer, answer)
suite.check("leaving before the end gives 0", terminal.leave() == 0)

# ---- Ctrl-C while the guest runs ----
spin = compile("spin", """
#include <stdio.h>
volatile unsigned turns;
int main(void)
{
    printf("what is your name? ");
    fflush(stdout);
    for (;;)
        turns++;
}
""")
terminal = Terminal(spin)
terminal.read_until(PROMPT)
terminal.send("continue\r")
terminal.read_until("what is your name? ")
time.sleep(0.3)
terminal.send("\x03")
answer = terminal.read_until(PROMPT)
suite.check("Ctrl-C pauses the running guest, and tells on a line of its own",
            re.search(r"\n[^\n]*paused", answer) and "main" in answer, answer)
answer = terminal.command("print turns")
suite.check("then it can be looked at", "<turns>" in answer, answer)
answer = terminal.command("until +1ms")
suite.check("and goes on for a while", "paused at" in answer, answer)
suite.check("leaving gives 0", terminal.leave() == 0)

# ---- keys for the guest ----
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
terminal = Terminal(reader)
terminal.read_until(PROMPT)
terminal.send("continue\r")
terminal.read_until("name? ")
time.sleep(0.2)
terminal.send("\x03")
answer = terminal.read_until(PROMPT)
suite.check("Ctrl-C pauses a guest that waits", "paused" in answer, answer)
terminal.command("type Ada")
answer = terminal.command("continue")
suite.check("type sends keys", "hello, Ada\n" in answer and "ended with status 7" in answer, answer)
suite.check("the status is the program's", terminal.leave() == 7)
suite.finish()
