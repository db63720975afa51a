#!/usr/bin/env python3
"""Runs a command as ktstr runs its steps, beside a ktstr-remote of its own: for tests of that alone.

    remote-run.py NAME=VALUE… -- COMMAND WORD…

NAME is what is behind KTSTR_REMOTE_CACHE in a setting's name: "=http://…" the address, "_MODE=rw". What ktstr-remote says goes to stderr as it
is, behind what the command says. The exit code is the command's; 99 when ktstr-remote did not end.
"""
import os
import secrets
import socket
import struct
import subprocess
import sys

at = sys.argv.index("--")
packed = b""
for word in sys.argv[1:at]:
    name, _, value = word.partition("=")
    packed += b"KTSTR_REMOTE_CACHE" + name.encode() + b"\0" + value.encode() + b"\0"
name = f"ktstr-test-{secrets.token_hex(8)}"
listen = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listen.bind(b"\0" + name.encode())
listen.listen(1000)
listen.setblocking(False)
ours, its = socket.socketpair()
helper = subprocess.Popen(["ktstr-remote", str(listen.fileno())], stdin=its, stderr=subprocess.PIPE, pass_fds=[listen.fileno()])
its.close()
listen.close()
ours.sendall(struct.pack("=I", len(packed)) + packed)
code = subprocess.call(sys.argv[at + 1:], env={**os.environ, "KTSTR_REMOTE_SOCKET": name})
ours.shutdown(socket.SHUT_WR)
try:
    _, said = helper.communicate(timeout=60)
except subprocess.TimeoutExpired:
    helper.kill()
    sys.exit(99)
sys.stderr.flush()
sys.stderr.buffer.write(said)
sys.exit(code)
