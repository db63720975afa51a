"""telling-step.py STEP ARGS...: runs a played step (fake-step.sh) as a step of ours tells of itself: it begins, it ends, and what it took. One whose
--id begins with "run slow" waits, a minute at most, until the file $FAKE_GO is there, and so does one whose --id begins with "judge linger" when it has told that it is done."""
import os, socket, subprocess, sys, time

identity = sys.argv[sys.argv.index("--id") + 1]
line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
line.connect("\0" + os.environ["KTSTR_EVENTS"])


def tell(*fields):
    line.send(b"".join(field.encode() + b"\0" for field in fields))


def wait(kind):
    end = time.time() + 60
    while identity.startswith(kind) and not os.path.exists(os.environ["FAKE_GO"]) and time.time() < end:
        time.sleep(0.02)


tell("start", identity)
wait("run slow")
code = subprocess.call(["sh"] + sys.argv[1:])
if code == 0:
    tell("done", identity, "ran", "1500", "")
    wait("judge linger")
else:
    tell("fail", identity, str(code), "1500", "it failed")
sys.exit(code)
