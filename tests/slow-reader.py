"""slow-reader.py: slow-reader.py OUT ERR COMMAND…: runs it with stdout and stderr as pipes that do not block and have little
room, reads them slowly into the two files, and exits as the command does."""
import fcntl
import os
import subprocess
import sys
import threading
import time


def pipe():
    r, w = os.pipe()
    fcntl.fcntl(w, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(w, False)
    return r, w


def drain(fd, path):
    with open(path, "wb") as f:
        time.sleep(0.2)
        while data := os.read(fd, 3000):
            f.write(data)
            time.sleep(0.0005)


out, err = pipe(), pipe()
child = subprocess.Popen(sys.argv[3:], stdin=subprocess.DEVNULL, stdout=out[1], stderr=err[1])
os.close(out[1])
os.close(err[1])
readers = [threading.Thread(target=drain, args=(p[0], path)) for p, path in ((out, sys.argv[1]), (err, sys.argv[2]))]
for t in readers:
    t.start()
for t in readers:
    t.join(60)
sys.exit(child.wait(60))
