#!/usr/bin/env python3
"""typing.py SHELL SETUP CASES: types lines with a Tab at their end into a real shell on a terminal.

SETUP is a file of commands for the shell. CASES has lines "TYPED | WORDS": what the line is after Tab, its words joined by one
blank. Prints what differs; exit code 1 then."""

import os
import pty
import re
import select
import signal
import sys
import time

SHELLS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "elvish": ["elvish", "-norc"],
}
PATIENCE = 60


class Terminal:
    def __init__(self, argv):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm"
            os.execvp(argv[0], argv)
        self.seen = ""

    def read(self):
        if select.select([self.fd], [], [], 0.1)[0]:
            try:
                text = os.read(self.fd, 65536).decode(errors="replace")
            except OSError:
                return False
            # Elvish asks where the cursor is and waits for the answer.
            if "\x1b[6n" in text:
                os.write(self.fd, b"\x1b[1;1R")
            self.seen += text
        return True

    def wait(self, pattern):
        end = time.time() + PATIENCE
        while time.time() < end:
            found = re.search(pattern, self.seen, re.S)
            if found:
                self.seen = self.seen[found.end():]
                return found
            if not self.read():
                break
        return None

    def send(self, text):
        os.write(self.fd, text.encode())

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def main():
    shell, setup, cases = sys.argv[1:]
    term = Terminal(SHELLS[shell])
    source = {"elvish": "eval (slurp < '%s')"}.get(shell, ". '%s'") % os.path.abspath(setup)
    home = {"elvish": "\x1b[H"}.get(shell, "\x01")
    # The words are apart, so that the echo of what is typed is not taken for the answer.
    term.send(source + "\r" + "echo rea''dy\r")
    if not term.wait("ready"):
        print("no prompt; the terminal has:\n" + term.seen)
        term.close()
        return 1
    wrong = 0
    for number, case in enumerate(open(cases, encoding="utf-8")):
        typed, wanted = case.rstrip("\n").split(" | ")
        # Tab, then to the beginning of the line to make it the arguments of something that prints them.
        term.send(typed + "\t" + home + "./show n%d \r" % number)
        found = term.wait(r"<n%d>(.*?)<end>" % number)
        if not found:
            print("%s: no answer; the terminal has:\n%s" % (typed, term.seen))
            wrong = 1
            break
        got = " ".join(re.findall("<(.*?)>", found.group(1)))
        if got != wanted:
            print("%s: wanted '%s', got '%s'" % (typed, wanted, got))
            wrong = 1
    term.close()
    return wrong


sys.exit(main())
