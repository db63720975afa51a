"""onterm.py COLUMNS [SEEN ACTION]... -- WORD...: runs words on a terminal of their own with so many columns. When SEEN was shown, ACTION is done, one
pair after the other: "columns N" makes the terminal as wide, "touch FILE", "press" is Ctrl-C, once ninja has noticed the ends of all played steps but those that
wait for $FAKE_GO (telling-step.py). What the terminal shows goes to stdout as it is,
and "longest silence: N ms, behind WHAT" to stderr. Ends with the exit code of words; with 99 when something was never seen."""
import fcntl, os, pty, select, struct, sys, termios, time


def width(columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


def others_ended():
    """Whether children of our ninja, dead ones that it has not asked for included, all wait."""
    ninja, children = set(), []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", "rb") as stat, open(f"/proc/{pid}/cmdline", "rb") as words, open(f"/proc/{pid}/environ", "rb") as variables:
                name, rest = stat.read().split(b"(", 1)[1].rsplit(b")", 1)
                if name == b"ninja" and b"FAKE_GO=" + os.environ["FAKE_GO"].encode() in variables.read().split(b"\0"):
                    ninja.add(int(pid))
                children.append((int(rest.split()[1]), words.read()))
        except OSError:
            pass
    return ninja and all(b"run slow" in words or b"judge linger" in words for parent, words in children if parent in ninja)


split = sys.argv.index("--")
rules = list(zip(sys.argv[2:split:2], sys.argv[3:split:2]))
ready, go = os.pipe()
pid, fd = pty.fork()
if pid == 0:
    os.read(ready, 1)
    os.execvp(sys.argv[split + 1], sys.argv[split + 1:])
width(int(sys.argv[1]))
os.write(go, b"x")
seen, shown, silence, last, end = b"", b"", (0.0, b""), time.monotonic(), time.monotonic() + 300
while time.monotonic() < end:
    if not select.select([fd], [], [], 1)[0]:
        continue
    try:
        text = os.read(fd, 65536)
    except OSError:
        break
    now = time.monotonic()
    silence, last = max(silence, (now - last, shown[-60:])), now
    shown = text
    sys.stdout.buffer.write(text)
    sys.stdout.buffer.flush()
    seen += text
    while rules and rules[0][0].encode().decode("unicode_escape").encode() in seen:
        what, _, value = rules[0][1].partition(" ")
        seen = seen.split(rules.pop(0)[0].encode().decode("unicode_escape").encode(), 1)[1]
        if what == "columns":
            width(int(value))
        elif what == "touch":
            open(value, "w").close()
        else:
            while "FAKE_GO" in os.environ and not others_ended() and time.monotonic() < end:
                time.sleep(0.01)
            os.write(fd, b"\x03")
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print("longest silence: %d ms, behind %r" % (1000 * silence[0], silence[1]), file=sys.stderr)
if rules:
    print("never shown: %s" % rules[0][0], file=sys.stderr)
sys.exit(99 if rules else code)
