#!/usr/bin/env python3
"""How fast results travel: prints what docs/performance.md has of that.

    remote.py URL LAYOUT COUNT BYTES DIR

Makes COUNT results of one file of BYTES below DIR, has ktstr-remote send them to the server and fetch them again, eight at a time, as steps ask for
them; then curl fetches the same bytes. Steps' own work (hashing, fsync, rename) is not in it.
"""
import concurrent.futures
import hashlib
import os
import secrets
import shutil
import socket
import struct
import subprocess
import sys
import time

url, layout, count, size, top = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), os.path.abspath(sys.argv[5])


def sha(data):
    return hashlib.sha256(data).hexdigest()


def make(i):
    """A result as the store has them; its key and folder."""
    recipe = f"step bench 1\nstr run {secrets.token_hex(8)} {i}\n".encode()
    key = sha(recipe)
    path = f"{top}/objects/{key[:2]}/{key}"
    os.makedirs(path)
    data = os.urandom(size)
    listed = f"{sha(data)} {size} file\n".encode()
    origin = b"step bench\nmade 1\ntook 600000\ntool bench\nhost bench\n"
    for name, text in (("file", data), ("recipe", recipe), ("content", listed), ("content.sum", sha(listed).encode() + b"\n"), ("origin", origin)):
        with open(f"{path}/{name}", "wb") as file:
            file.write(text)
    return key, path


class Helper:
    """A ktstr-remote, as ktstr starts it."""

    def __enter__(self):
        name = f"ktstr-bench-{secrets.token_hex(8)}"
        listen = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listen.bind(b"\0" + name.encode())
        listen.listen(4096)
        listen.setblocking(False)
        self.name = b"\0" + name.encode()
        self.control, its = socket.socketpair()
        self.process = subprocess.Popen(["ktstr-remote", str(listen.fileno())], stdin=its, stderr=subprocess.PIPE, pass_fds=[listen.fileno()])
        words = ["KTSTR_REMOTE_CACHE", url, "KTSTR_REMOTE_CACHE_LAYOUT", layout, "KTSTR_REMOTE_CACHE_MODE", "rw", "KTSTR_REMOTE_CACHE_WAIT", "3600"]
        packed = b"".join(word.encode() + b"\0" for word in words)
        self.control.sendall(struct.pack("=I", len(packed)) + packed)
        return self

    def __exit__(self, *_):
        self.control.shutdown(socket.SHUT_WR)
        sys.stderr.buffer.write(self.process.communicate()[1])

    def say(self, what, key, path):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.connect(self.name)
            s.sendall(f"{what}\0{key}\0{path}\0".encode())
            return s.recv(8192) if what == "get" else b""


def fetch(helper, key):
    draft = f"{top}/drafts/{key}"
    os.makedirs(draft)
    assert helper.say("get", key, draft).startswith(b"hit"), key


def told(what, seconds):
    rate = f"{count * size / seconds / 1e6:7.0f} MB/s" if size > 1 << 20 else f"{count / seconds:7.0f} a second"
    print(f"{layout:6} {what:22} {count:6} of {size:10} bytes {seconds:8.2f} s {rate}")


results = [make(i) for i in range(count)]
begin = time.time()
with Helper() as helper:
    for key, path in results:
        helper.say("put", key, path)
told("sent", time.time() - begin)
with Helper() as helper:
    begin = time.time()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda r: fetch(helper, r[0]), results))
    seconds = time.time() - begin
told("fetched", seconds)
if count == 1:
    with open(f"{results[0][1]}/file", "rb") as file:
        where = f"{url}/cas/{sha(file.read())}" if layout == "bazel" else f"{url}/{results[0][0]}"
    begin = time.time()
    subprocess.run(["curl", "-sf", "-o", f"{top}/curl", where], check=True)
    alone = time.time() - begin
    told("fetched by curl", alone)
    print(f"{layout:6} of curl's speed        {alone / seconds:.2f}")
shutil.rmtree(f"{top}/drafts")
shutil.rmtree(f"{top}/objects")
