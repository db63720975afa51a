"""QEMU whose monitor takes one command late: stands in PATH as qemu-system-x86_64.

KTSTR_TEST_QEMU   the real one
KTSTR_TEST_HOLD   COMMAND: the first of that name is held until the folder in KTSTR_TEST_HOLD_DIR has a file "go"; that it
                  is held is told by a file "held" there
"""
import os
import re
import socket
import sys
import threading
import time

SIZE = 1 << 16
FDS = 4


def pump(name, source, sink, hold):
    while True:
        data, fds, _, _ = socket.recv_fds(source, SIZE, FDS)
        if not data:
            break
        if hold and b'"execute":"' + hold.encode() + b'"' in data:
            hold = None
            folder = os.environ["KTSTR_TEST_HOLD_DIR"]
            open(folder + "/held", "x").close()
            while not os.path.exists(folder + "/go"):
                time.sleep(0.05)
        socket.send_fds(sink, [data], fds)
        for fd in fds:
            os.close(fd)
    sink.shutdown(socket.SHUT_WR)


def main():
    real = os.environ["KTSTR_TEST_QEMU"]
    args = sys.argv[1:]
    hold = os.environ.get("KTSTR_TEST_HOLD")
    held = os.environ.get("KTSTR_TEST_HOLD_DIR", "") + "/held"
    wire = re.search(r"socket,id=qmp,fd=(\d+)", " ".join(args))
    if wire and hold and not os.path.exists(held):
        outside = socket.socket(fileno=int(wire[1]))
        ours, theirs = socket.socketpair()
        if os.fork() == 0:
            theirs.close()
            os.closerange(3, min(ours.fileno(), outside.fileno()))
            threading.Thread(target=pump, args=("back", ours, outside, None), daemon=True).start()
            pump("there", outside, ours, hold)
            os._exit(0)
        os.dup2(theirs.fileno(), outside.fileno())
    os.execv(real, [real] + args)


main()
