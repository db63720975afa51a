#!/usr/bin/env python3
"""A server of remote stores for tests, strict about all that it is told, and with faults as it is told to.

    cache-server.py --dir DIR --port-file FILE [--log FILE] [--faults FILE] [--token T] [--reader T] [--user U:P] [--sigv4 KEY:SECRET:REGION]

It listens on 127.0.0.1, any free port, writes the port into FILE when it is ready, and ends when its parent is gone. --log gets a line per
answer, "PUT /cas/77ab… 200 5100", and a line "BAD …" for whatever a stock server of Bazel's could refuse: a path that is no digest, a body
without Content-Length, bytes that are not those of their digest, an ActionResult that is none or names what is not there.

    /ac/ /cas/      Bazel's HTTP cache, as bazel-remote has it with its checks switched on
    else            files, as nginx with DAV has them

--token, --user: who may read and write; --reader may read; others get 401. --sigv4: requests must be signed so (S3); what is not there is 403.
Faults are lines "METHOD GLOB SPEC" of --faults, read anew at each request; the last one that fits counts. SPEC:

    404 500 …    this status. "xN" behind it: for the first N requests; "~N": for all but the first N
    cut          the connection ends in the middle of the body
    gone mute    no answer; the connection ends, or stays
    slow=N       N bytes of the body each 50 ms
    wait=MS      before the answer
    flip         one byte in the middle is another
    swap         what is under another key, or other bytes of the same length
    endless      200 and a body without end
    loop=URL     302 to there, the path behind it; redirect=CODE,URL: with that status
    empty        200 with nothing
"""
import argparse
import ctypes
import fnmatch
import hashlib
import hmac
import http.server
import os
import re
import signal
import threading
import time
import urllib.parse

PIECE = 64 * 1024
EMPTY = hashlib.sha256(b"").hexdigest()
options = None
lock = threading.Lock()
seen = {}


class Gone(Exception):
    """This connection is to be closed now."""


class Bad(Exception):
    """A stock server would not take this."""


def varint(data, at):
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Bad("a number without end")
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return value, at


def fields(data):
    """(number, value) of a message of protocol buffers; bytes for what has a length."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        kind = tag & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 2:
            size, at = varint(data, at)
            value = data[at:at + size]
            if len(value) != size:
                raise Bad("a field longer than its message")
            at += size
        else:
            raise Bad(f"wire type {kind} is not in an ActionResult")
        yield tag >> 3, value


def one_of(message, known):
    found = {}
    for number, value in fields(message):
        if number not in known or number in found:
            raise Bad(f"field {number} is unknown, or there twice")
        if not isinstance(value, known[number]):
            raise Bad(f"field {number} has another type")
        found[number] = value
    return found


def check_result(data):
    """An ActionResult as REAPI v2 has it, and all that it names is there."""
    if not data:
        raise Bad("an empty ActionResult")
    paths = []
    for number, value in fields(data):
        if number == 9:
            one_of(value, {1: bytes})[1].decode("utf-8")
            continue
        if number != 2:
            raise Bad(f"field {number} is not expected")
        file = one_of(value, {1: bytes, 2: bytes, 4: int})
        path = file[1].decode("utf-8")
        if path.startswith("/") or ".." in path.split("/") or not path:
            raise Bad(f"the path {path!r}")
        paths.append(path)
        digest = one_of(file[2], {1: bytes, 2: int})
        check_there(digest[1].decode("ascii"), digest.get(2, 0))
        if file.get(4, 1) != 1:
            raise Bad("is_executable is no bool")
    if len(set(paths)) != len(paths) or "ktstr/letter" not in paths:
        raise Bad("paths that are there twice, or no letter")


def check_there(digest, size):
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise Bad(f"{digest!r} is no digest")
    if digest == EMPTY and size == 0:
        return
    name = os.path.join(options.dir, "cas", digest)
    if not os.path.isfile(name) or os.path.getsize(name) != size:
        raise Bad(f"the result names {digest}, {size} bytes, which is not there")


def signed(method, path, query, headers, body_sum):
    """Whether AWS's signature, version 4, is right."""
    key, secret, region = options.sigv4.split(":")
    match = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})",
                         headers.get("Authorization", ""))
    if not match or match[1] != key or match[3] != region:
        return False
    names = match[4].split(";")
    if "host" not in names or "x-amz-date" not in names:
        return False
    declared = headers.get("x-amz-content-sha256", "")
    if declared not in ("UNSIGNED-PAYLOAD", body_sum):
        return False
    canonical = "\n".join([method, path, query, *(f"{n}:{headers[n].strip()}" for n in names), "", match[4], declared])
    scope = f"{match[2]}/{region}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()])
    step = ("AWS4" + secret).encode()
    for word in (match[2], region, "s3", "aws4_request"):
        step = hmac.new(step, word.encode(), hashlib.sha256).digest()
    return hmac.new(step, text.encode(), hashlib.sha256).hexdigest() == match[5]


def fault(method, path):
    """(name, value) of the fault that a request has, or ("", "")."""
    spec = ""
    if options.faults and os.path.exists(options.faults):
        with open(options.faults, encoding="utf-8") as lines:
            for line in lines:
                words = line.split()
                if len(words) == 3 and fnmatch.fnmatchcase(method, words[0]) and fnmatch.fnmatchcase(path, words[1]):
                    spec = words[2]
    counted = re.fullmatch(r"(.*[^x])([x~])(\d+)", spec)
    if counted:
        with lock:
            seen[spec] = seen.get(spec, 0) + 1
            if (seen[spec] > int(counted[3])) == (counted[2] == "x"):
                return "", ""
        spec = counted[1]
    name, _, value = spec.partition("=")
    return name, value


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 20

    def log_message(self, *args):
        pass

    def note(self, text):
        if options.log:
            with lock, open(options.log, "a", encoding="utf-8") as log:
                log.write(text + "\n")

    def answer(self, status, body=b"", headers=(), size=None):
        known = "secret" if self.headers.get("Authorization") or self.headers.get("X-Secret") else "-"
        self.note(f"{self.command} {self.path} {status} {len(body)} {known}")
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if size is None else size))
        self.end_headers()

    def page(self, status, body=b"", headers=()):
        self.answer(status, body, headers)
        if self.command != "HEAD":
            self.wfile.write(body)

    def allowed(self, body_sum):
        url = urllib.parse.urlsplit(self.path)
        given = self.headers.get("Authorization", "")
        if options.sigv4:
            return signed(self.command, url.path, url.query, self.headers, body_sum) or self.page(403, b"SignatureDoesNotMatch")
        wanted = []
        if options.token:
            wanted.append(f"Bearer {options.token}")
        if options.user:
            import base64
            wanted.append("Basic " + base64.b64encode(options.user.encode()).decode())
        if not wanted or given in wanted:
            return True
        if options.reader and given == f"Bearer {options.reader}":
            return self.command != "PUT" or self.page(403, b"read only")
        return self.page(401, b"who are you?")

    def handle_it(self, what):
        try:
            what()
        except (Gone, OSError):
            self.close_connection = True

    def do_GET(self):
        self.handle_it(self.get)

    def do_HEAD(self):
        self.handle_it(self.get)

    def do_PUT(self):
        self.handle_it(self.put)

    def place(self):
        """Where a path's bytes lie."""
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        if re.match("/(ac|cas)/", path) and not re.fullmatch("/(ac|cas)/[0-9a-f]{64}", path):
            self.note(f"BAD {self.command} {path}: no digest")
        name = os.path.normpath(options.dir + path)
        if not name.startswith(options.dir + "/"):
            self.note(f"BAD {self.command} {path}: it leads out")
            raise Gone
        return path, name

    def strange(self, name, value):
        """Faults that need no file."""
        if name == "wait":
            time.sleep(int(value) / 1000)
            return False
        if name.isdigit():
            self.page(int(name), b"This is a fault.\n")
        elif name == "loop":
            self.page(302, headers=[("Location", value + self.path)])
        elif name == "redirect":
            self.page(int(value.split(",")[0]), headers=[("Location", value.split(",")[1] + self.path)])
        elif name == "gone":
            raise Gone
        elif name == "mute":
            self.note(f"{self.command} {self.path} mute")
            time.sleep(60)
            raise Gone
        elif name == "empty":
            self.page(200)
        elif name == "endless":
            self.note(f"{self.command} {self.path} endless")
            self.send_response(200)
            self.end_headers()
            while True:
                self.wfile.write(bytes(PIECE))
        else:
            return False
        return True

    def get(self):
        path, place = self.place()
        if self.allowed(EMPTY) is not True:
            return
        name, value = fault(self.command, path)
        if self.strange(name, value):
            return
        if path.startswith("/cas/" + EMPTY):
            self.page(200)
            return
        if not os.path.isfile(place):
            self.page(403 if options.sigv4 else 404, b"There is no such thing.\n")
            return
        with open(place, "rb") as file:
            data = file.read()
        if name == "swap":
            others = [n for n in os.listdir(os.path.dirname(place)) if n != os.path.basename(place)]
            if path.startswith("/cas/") or not others:
                data = bytes(len(data))
            else:
                with open(os.path.join(os.path.dirname(place), others[0]), "rb") as file:
                    data = file.read()
        if name == "flip" and data:
            data = data[:len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1:]
        self.answer(200, data)
        if self.command == "HEAD":
            return
        self.send(data[:len(data) // 2] if name == "cut" else data, int(value) if name == "slow" else 0)
        if name == "cut":
            raise Gone

    def send(self, data, slow):
        step = slow or PIECE
        for at in range(0, len(data), step):
            self.wfile.write(data[at:at + step])
            if slow:
                self.wfile.flush()
                time.sleep(0.05)

    def body(self):
        """The body, in a file beside its place, and its hash."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or self.headers.get("Transfer-Encoding"):
            self.note(f"BAD PUT {self.path}: no Content-Length")
            self.page(411)
            raise Gone
        return self.rfile.read(int(length))

    def put(self):
        path, place = self.place()
        name, value = fault("PUT", path)
        if name in ("gone", "mute"):
            self.strange(name, value)
        data = self.body()
        digest = hashlib.sha256(data).hexdigest()
        if self.allowed(digest) is not True:
            return
        if self.strange(name, value):
            return
        try:
            if path.startswith("/cas/") and path != "/cas/" + digest:
                raise Bad("the bytes are others")
            if path.startswith("/ac/"):
                check_result(data)
        except (Bad, KeyError, UnicodeDecodeError) as why:
            self.note(f"BAD PUT {path}: {why!r}")
            self.page(400, str(why).encode())
            return
        os.makedirs(os.path.dirname(place), exist_ok=True)
        tmp = f"{place}.{threading.get_ident()}"
        with open(tmp, "wb") as file:
            file.write(data)
        os.rename(tmp, place)
        self.note(f"PUT {path} 201 {len(data)} -")
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *args):
        pass


def end_with(parent):
    """As if the parent's end were ours, also when it came before we asked for that."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def main():
    global options
    parent = os.getppid()
    parser = argparse.ArgumentParser()
    for name in ("dir", "port-file", "log", "faults", "token", "reader", "user", "sigv4"):
        parser.add_argument("--" + name, required=name in ("dir", "port-file"))
    options = parser.parse_args()
    options.dir = os.path.abspath(options.dir)
    end_with(parent)
    server = Server(("127.0.0.1", 0), Handler)
    with open(options.port_file + ".tmp", "w", encoding="ascii") as file:
        file.write(f"{server.server_port}\n")
    os.rename(options.port_file + ".tmp", options.port_file)
    server.serve_forever()


main()
