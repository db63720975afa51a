#!/usr/bin/env python3
"""A web server for tests: serves a folder, and fails as it is told to.

    httpd.py --root DIR --port-file FILE [--log FILE] [--faults FILE] [--cert PEM]

It listens on 127.0.0.1, any free port, writes the port into FILE when it is ready, and ends when its parent is gone.
Files are served with Content-Length, ETag, Last-Modified, and in parts (Range, If-Range). --log gets a line per answer:

    GET /v6.x/linux-6.12.1.tar.xz 206 bytes=5000-

Faults are asked for by the path, /fault/SPEC/v6.x/…, so that a base URL can have them for all below it, or by lines
"GLOB SPEC" in --faults, read anew at each request; GLOB is matched with the whole path. SPEC is one of these or several
joined by "+"; with "xN" behind it a fault holds for the first N requests of a path.

    404 500 …         this status, with a page of text; 30x leads nowhere
    retry=S           with a status: Retry-After: S
    cut               the connection ends in the middle of the body, and so does each part of it
    long              Content-Length is 100 too large
    short             Content-Length is half of what there is
    flip              one byte in the middle is another
    empty html json   200 with nothing, with a web page, with JSON that is not a list of releases
    endless           200 and a body without end
    header            a header without end
    loop              redirected to itself; loop=URL: to there
    follow            redirected to the same file without faults
    mute              no answer; the connection stays
    gone              no answer; the connection ends
    stall             silence from the middle of the body on
    slow=N            N bytes each 50 ms
    norange           Range is ignored
    notag             neither ETag nor Last-Modified
    change            another ETag and Last-Modified each time
    wrongrange        a part is not the one that was asked for
"""
import argparse
import ctypes
import email.utils
import fnmatch
import http.server
import os
import re
import signal
import ssl
import threading
import time
import urllib.parse

PIECE = 64 * 1024
options = None
lock = threading.Lock()
seen = {}  # (fault, path): how often
changes = 0


class Gone(Exception):
    """This connection is to be closed now."""


def active(spec, path):
    """The faults of a request, "xN" counted down: {"cut": None, "slow": "100"}."""
    found = {}
    for word in filter(None, spec.split("+")):
        counted = re.fullmatch(r"(.*[^x])x(\d+)", word)
        if counted:
            with lock:
                seen[word, path] = seen.get((word, path), 0) + 1
                if seen[word, path] > int(counted[2]):
                    continue
            word = counted[1]
        name, _, value = word.partition("=")
        found[name] = value
    return found


def listed(path):
    """The spec that --faults has for a path."""
    if not options.faults or not os.path.exists(options.faults):
        return ""
    with open(options.faults, encoding="utf-8") as lines:
        for line in lines:
            words = line.split()
            if len(words) == 2 and fnmatch.fnmatchcase(path, words[0]):
                return words[1]
    return ""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def note(self, status):
        if options.log:
            line = f"{self.command} {self.path} {status} {self.headers.get('Range', '-')}\n"
            with lock, open(options.log, "a", encoding="utf-8") as log:
                log.write(line)

    def answer(self, status, headers=()):
        self.note(status)
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def page(self, status, body, kind="text/plain", headers=()):
        self.answer(status, [("Content-Type", kind), ("Content-Length", len(body)), *headers])
        self.wfile.write(body)

    def do_GET(self):
        try:
            self.get()
        except (Gone, OSError):
            self.close_connection = True

    def get(self):
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        spec = ""
        prefix = re.match(r"/fault/([^/]*)/", path)
        if prefix:
            # A URL to lead to has slashes: they are escaped once more.
            spec = urllib.parse.unquote(prefix[1])
            path = path[prefix.end() - 1:]
        faults = active(spec or listed(path), path)
        if not self.fail_at_once(faults, path):
            self.file(faults, path)

    def fail_at_once(self, faults, path):
        for name in faults:
            if name.isdigit():
                more = [("Retry-After", faults["retry"])] if "retry" in faults else []
                self.page(int(name), b"This is a fault.\n", headers=more)
                return True
        if "html" in faults:
            self.page(200, b"<html><body>Please log in.</body></html>\n", "text/html; charset=utf-8")
        elif "json" in faults:
            self.page(200, b'{"moved": true}\n', "application/json")
        elif "empty" in faults:
            self.page(200, b"")
        elif "loop" in faults:
            self.page(302, b"", headers=[("Location", faults["loop"] or self.path)])
        elif "follow" in faults:
            self.page(302, b"", headers=[("Location", urllib.parse.quote(path))])
        elif "gone" in faults:
            self.answer_nothing()
        elif "mute" in faults:
            self.note("mute")
            self.silence()
        elif "endless" in faults:
            self.answer(200, [("Content-Type", "application/octet-stream")])
            while True:
                self.wfile.write(bytes(PIECE))
        elif "header" in faults:
            self.send_response(200)
            self.flush_headers()
            while True:
                self.wfile.write(b"X-More: " + b"x" * 1000 + b"\r\n")
        else:
            return False
        return True

    def answer_nothing(self):
        raise Gone

    def silence(self):
        self.connection.settimeout(60)
        self.connection.recv(1)
        raise Gone

    def part(self, faults, size, tag, date):
        """(from, to) of what is sent, or None for all."""
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not asked or "norange" in faults:
            return None
        if self.headers.get("If-Range", tag) not in (tag, date):
            return None
        first = int(asked[1])
        last = min(int(asked[2]) if asked[2] else size - 1, size - 1)
        return first, last + 1

    def file(self, faults, path):
        global changes
        name = os.path.normpath(options.root + path)
        if not os.path.isfile(name):
            self.page(404, b"There is no such file.\n")
            return
        with open(name, "rb") as file:
            data = bytearray(file.read())
        stamp = os.stat(name).st_mtime
        if "change" in faults:
            with lock:
                changes += 1
                stamp += changes
        if "flip" in faults:
            data[len(data) // 2] ^= 1
        tag, date = f'"{int(stamp)}-{len(data)}"', email.utils.formatdate(stamp, usegmt=True)
        headers = [] if "notag" in faults else [("ETag", tag), ("Last-Modified", date)]
        headers += [("Content-Type", "application/octet-stream"), ("Accept-Ranges", "bytes")]
        part = self.part(faults, len(data), tag, date)
        if part and part[0] >= len(data):
            self.page(416, b"", headers=[("Content-Range", f"bytes */{len(data)}")])
            return
        first, last = part or (0, len(data))
        if part and "wrongrange" in faults:
            first -= min(first, 1)
        if part:
            headers.append(("Content-Range", f"bytes {first}-{last - 1}/{len(data)}"))
        self.body(faults, 206 if part else 200, headers, data[first:last])

    def body(self, faults, status, headers, data):
        length = len(data) + 100 if "long" in faults else len(data) // 2 if "short" in faults else len(data)
        self.answer(status, [*headers, ("Content-Length", length)])
        stop = "cut" in faults or "stall" in faults
        self.send(data[:len(data) // 2] if stop else data, faults.get("slow"))
        if "stall" in faults:
            self.silence()
        if stop or length != len(data):
            raise Gone

    def send(self, data, slow):
        step = int(slow) if slow else PIECE
        for at in range(0, len(data), step):
            self.wfile.write(data[at:at + step])
            if slow:
                time.sleep(0.05)


def end_with(parent):
    """As if the parent's end were ours, also when it came before we asked for that."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def main():
    global options
    parent = os.getppid()
    parser = argparse.ArgumentParser()
    for name in ("--root", "--port-file", "--log", "--faults", "--cert"):
        parser.add_argument(name, required=name in ("--root", "--port-file"))
    options = parser.parse_args()
    end_with(parent)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *args: None
    if options.cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.cert)
        # The handshake belongs into the connection's own thread.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with open(options.port_file + ".tmp", "w", encoding="ascii") as file:
        file.write(f"{server.server_port}\n")
    os.rename(options.port_file + ".tmp", options.port_file)
    server.serve_forever()


main()
