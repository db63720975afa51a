#!/usr/bin/env python3
"""The cache of GitHub Actions for tests, both generations of its API, failing as it is told to.

    ghacache.py --dir DIR --token TOKEN --port-file FILE [--log FILE] [--faults FILE]

It listens on 127.0.0.1, any free port, writes the port into FILE when it is ready, and ends when its parent is gone. An entry
is the file DIR/VERSION/KEY. As the real one, it wants the token from whoever asks it, and neither wants nor stands it where
blobs are moved: their addresses are signed. --log gets a line per request, such as "v1 lookup 204".

--faults has lines "OPERATION SPEC", read anew at each request. Operations are lookup, download, reserve, upload and commit.
With "xN" behind it a fault holds for the first N requests of an operation. SPEC:

    404 503 …   this status, with a reason in JSON
    echo        403, and the reason repeats the token
    html        200 with a web page
    junk        200 with half an object
    empty       200 with an object that says nothing
    endless     200 and an answer without end
    gone        no answer; the connection ends
    mute        no answer; the connection stays
    other       lookup: the entry of a key that begins like this one
    to=URL      lookup, reserve: leads there
    refuse      reserve: "ok" is false; refuse=TEXT: with this reason
    id          reserve: no number, but a path
    cut flip    download: half of it; one byte is another
    large       download: three GiB are announced
"""
import argparse
import ctypes
import http.server
import json
import os
import re
import signal
import threading
import urllib.parse

LONGEST = 64 << 20
V1 = "/v1/_apis/artifactcache/"
V2 = "/v2/twirp/github.actions.results.api.v1.CacheService/"
SIGNATURE = "sig=unspeakable"
options = None
lock = threading.Lock()
seen = {}  # fault: how often; "number": the last one given to an upload
coming = {}  # id: [version, key, bytes so far]


class Gone(Exception):
    """This connection is to be closed now."""


def fault_of(operation):
    """(name, value) of the fault that an operation has now."""
    if not options.faults or not os.path.exists(options.faults):
        return "", ""
    with open(options.faults, encoding="utf-8") as lines:
        words = [line.split() for line in lines]
    for word in (w[1] for w in words if len(w) == 2 and w[0] == operation):
        counted = re.fullmatch(r"(.*[^x])x(\d+)", word)
        if counted:
            with lock:
                seen[operation, word] = seen.get((operation, word), 0) + 1
                if seen[operation, word] > int(counted[2]):
                    continue
            word = counted[1]
        name, _, value = word.partition("=")
        return name, value
    return "", ""


def place(version, key):
    if not re.fullmatch(r"[0-9a-f]{64}", version) or not re.fullmatch(r"[\w.+~-]+", key):
        return None
    return os.path.join(options.dir, version, key)


def keep(version, key, data):
    name = place(version, key)
    os.makedirs(os.path.dirname(name), exist_ok=True)
    with open(name + ".tmp", "wb") as file:
        file.write(data)
    os.rename(name + ".tmp", name)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    operation = "none"
    generation = "v1"

    def log_message(self, *args):
        pass

    def log(self, what):
        if options.log:
            with lock, open(options.log, "a", encoding="utf-8") as log:
                log.write(f"{self.generation} {self.operation} {what}\n")

    def answer(self, status, body=b"", kind="application/json", length=None, note=""):
        self.log(f"{status}{note}")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if length != -1:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def say(self, status, value):
        self.answer(status, json.dumps(value).encode())

    def no(self, status, why):
        self.say(status, {"msg": why} if self.generation == "v2" else {"message": why})

    def take(self):
        """The body, whatever becomes of it."""
        length = int(self.headers.get("Content-Length", "0"))
        if length > LONGEST:
            raise Gone
        data = self.rfile.read(length)
        if len(data) < length:
            raise Gone
        return data

    def address(self, what, name):
        return f"http://127.0.0.1:{self.server.server_port}/blobs/{self.generation}/{what}/{name}?{SIGNATURE}"

    def fail(self, name):
        if name.isdigit():
            self.no(int(name), "a fault of the server")
        elif name == "echo":
            self.no(403, f"bad credentials: {self.headers.get('Authorization')} at http://127.0.0.1/x?{SIGNATURE}")
        elif name == "html":
            self.answer(200, b"<html><body>Please log in.</body></html>\n", "text/html")
        elif name == "junk":
            self.answer(200, b'{"ok": true, "cacheId": 1')
        elif name == "empty":
            self.answer(200, b"{}")
        elif name == "gone":
            raise Gone
        elif name == "mute":
            self.log("mute")
            self.connection.settimeout(60)
            self.connection.recv(1)
            raise Gone
        elif name == "endless":
            self.answer(200, length=-1)
            while True:
                self.wfile.write(bytes(65536))
        else:
            return False
        return True

    def handle_one(self):
        try:
            self.route()
        except (Gone, OSError):
            self.close_connection = True

    do_GET = do_POST = do_PATCH = do_PUT = handle_one

    def route(self):
        url = urllib.parse.urlsplit(self.path)
        body = self.take()
        for base, generation, routes in ((V1, "v1", self.v1), (V2, "v2", self.v2), ("/blobs/", None, self.blobs)):
            if url.path.startswith(base):
                self.generation = generation or url.path.split("/")[2]
                routes(url.path[len(base):], url.query, body)
                return
        self.answer(404)

    def begin(self, operation):
        """The fault, when it is still to be done; None when everything was said."""
        self.operation = operation
        name, value = fault_of(operation)
        if self.fail(name):
            return None
        if self.path.startswith("/blobs/"):
            if "Authorization" in self.headers:
                self.answer(400)
                return None
            if urllib.parse.urlsplit(self.path).query != SIGNATURE:
                self.answer(403)
                return None
        elif self.headers.get("Authorization") != "Bearer " + options.token:
            self.no(401, "bad credentials")
            return None
        return name, value

    def v1(self, path, query, body):
        number = re.fullmatch(r"caches/(\d+)", path)
        if path == "cache" and self.command == "GET":
            asked = urllib.parse.parse_qs(query)
            self.lookup(asked["version"][0], asked["keys"][0])
        elif path == "caches" and self.command == "POST":
            self.reserve(json.loads(body))
        elif number and self.command == "PATCH":
            self.chunk(int(number[1]), body)
        elif number and self.command == "POST":
            self.commit(int(number[1]), json.loads(body)["size"])
        else:
            self.answer(404)

    def v2(self, path, _, body):
        asked = json.loads(body)
        if path == "GetCacheEntryDownloadURL":
            self.lookup(asked["version"], asked["key"])
        elif path == "CreateCacheEntry":
            self.reserve(asked)
        elif path == "FinalizeCacheEntryUpload":
            with lock:
                number = next((n for n, c in coming.items() if c[:2] == [asked["version"], asked["key"]]), None)
            self.commit(number, int(asked["size_bytes"]))
        else:
            self.answer(404)

    def blobs(self, path, _, body):
        _, what, name = path.split("/", 2)
        if what == "get" and self.command == "GET":
            self.download(urllib.parse.unquote(name))
        elif what == "put" and self.command == "PUT" and self.headers.get("x-ms-blob-type") == "BlockBlob":
            if self.begin("upload"):
                coming[int(name)][2] = body
                self.answer(201)
        else:
            self.answer(400)

    def lookup(self, version, key):
        fault = self.begin("lookup")
        if not fault:
            return
        name = place(version, key)
        if not name or not os.path.isfile(name):
            if self.generation == "v1":
                self.answer(204)
            else:
                self.say(200, {"ok": False, "signed_download_url": "", "matched_key": ""})
            return
        where = fault[1] if fault[0] == "to" else self.address("get", f"{version}/{key}")
        key += "-more" if fault[0] == "other" else ""
        if self.generation == "v1":
            self.say(200, {"cacheKey": key, "scope": "refs/heads/main", "archiveLocation": where})
        else:
            self.say(200, {"ok": True, "signed_download_url": where, "matched_key": key})

    def download(self, name):
        fault = self.begin("download")
        if not fault:
            return
        with open(place(*name.split("/")), "rb") as file:
            data = bytearray(file.read())
        if fault[0] == "flip":
            data[len(data) // 2] ^= 0x10
        length = len(data)
        if fault[0] == "cut":
            data = data[:length // 2]
        if fault[0] == "large":
            length = 3 << 30
        self.answer(200, data, "application/octet-stream", length)
        if len(data) < length:
            raise Gone

    def reserve(self, asked):
        fault = self.begin("reserve")
        if not fault:
            return
        name = place(asked["version"], asked["key"])
        if not name:
            self.no(400, "a key or a version that cannot be")
        elif fault[0] == "refuse":
            self.say(200, {"ok": False, "message": fault[1]})
        elif os.path.exists(name):
            self.no(409, "cache entry with the same key, version, and scope already exists")
        else:
            with lock:
                for old in [n for n, c in coming.items() if c[:2] == [asked["version"], asked["key"]]]:
                    del coming[old]
                number = max(seen.get("number", 0), 40) + 1
                seen["number"] = number
                coming[number] = [asked["version"], asked["key"], b""]
            where = fault[1] if fault[0] == "to" else self.address("put", number)
            if self.generation == "v2":
                self.say(200, {"ok": True, "signed_upload_url": where})
            else:
                self.say(201, {"cacheId": "../../x" if fault[0] == "id" else number})

    def chunk(self, number, body):
        if not self.begin("upload"):
            return
        part = re.fullmatch(r"bytes (\d+)-(\d+)/\*", self.headers.get("Content-Range", ""))
        if number not in coming or not part or int(part[1]) != len(coming[number][2]) or \
                int(part[2]) - int(part[1]) + 1 != len(body):
            self.no(400, "not the part that comes next")
            return
        coming[number][2] += body
        self.answer(204, note=f" {part[1]}-{part[2]}")

    def commit(self, number, size):
        if not self.begin("commit"):
            return
        if number not in coming or len(coming[number][2]) != size:
            self.no(400, "not as many bytes as came")
            return
        keep(*coming.pop(number))
        if self.generation == "v2":
            self.say(200, {"ok": True, "entry_id": str(number)})
        else:
            self.answer(204)


def end_with(parent):
    """As if the parent's end were ours, also when it came before we asked for that."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def main():
    global options
    parent = os.getppid()
    parser = argparse.ArgumentParser()
    for name in ("--dir", "--token", "--port-file", "--log", "--faults"):
        parser.add_argument(name, required=name in ("--dir", "--token", "--port-file"))
    options = parser.parse_args()
    end_with(parent)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *args: None
    with open(options.port_file + ".tmp", "w", encoding="ascii") as file:
        file.write(f"{server.server_port}\n")
    os.rename(options.port_file + ".tmp", options.port_file)
    server.serve_forever()


main()
