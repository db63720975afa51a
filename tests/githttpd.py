#!/usr/bin/env python3
"""Serve git repositories by HTTP for tests: a thin frame around `git http-backend`.

usage: githttpd.py FOLDER PORT-FILE [LOG [CERTIFICATE]]

Listens on a free port of 127.0.0.1, by TLS when there is a CERTIFICATE (with its key), and writes its number into PORT-FILE. Paths that begin with one of these behave badly:
  /moved/X   redirects to /X           /login/X  wants a password (user:secret)
  /old/X     speaks protocol 0 only    /page/X   answers with a web page
  /busy/X    HTTP 503                  /cut/X    breaks off in the middle of a pack
"""
import http.server
import os
import ssl
import subprocess
import sys
import threading

folder, port_file = sys.argv[1], sys.argv[2]
log = open(sys.argv[3], "a") if len(sys.argv) > 3 else None


class Git(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, form, *args):
        if log:
            log.write(form % args + "\n")
            log.flush()

    def answer(self, status, body, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def behave_badly(self):
        first, _, rest = self.path[1:].partition("/")
        if first == "moved":
            self.answer(302, b"", Location="/" + rest)
        elif first == "busy":
            self.answer(503, b"later")
        elif first == "page":
            self.answer(200, b"<html>", Content_Type="text/html")
        elif first == "login" and self.headers["Authorization"] != "Basic dXNlcjpzZWNyZXQ=":
            self.answer(401, b"", WWW_Authenticate='Basic realm="git"')
        else:
            return False
        return True

    def environment(self, path, query, length):
        env = {
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "GIT_PROJECT_ROOT": folder,
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(length),
            "REMOTE_ADDR": "127.0.0.1",
        }
        if not self.path.startswith("/old/"):
            env["GIT_PROTOCOL"] = self.headers.get("Git-Protocol", "")
        return env

    def handle_git(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if self.behave_badly():
            return
        path, _, query = self.path.partition("?")
        cut = path.startswith("/cut/") and self.command == "POST"
        for prefix in ("/old", "/login", "/cut"):
            if path.startswith(prefix + "/"):
                path = path[len(prefix):]
                break
        done = subprocess.run(["git", "http-backend"], input=body, capture_output=True, check=False,
                              env=self.environment(path, query, length))
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        if b"PACK" in content and log:
            at = content.index(b"PACK")
            log.write("pack: %d objects, %d bytes\n" % (int.from_bytes(content[at + 8:at + 12], "big"), len(content)))
        status, headers = 200, {}
        for line in head.decode("latin-1").split("\r\n"):
            name, _, value = line.partition(": ")
            if name == "Status":
                status = int(value.split()[0])
            elif name:
                headers[name] = value
        if cut and len(content) > 2000:
            headers["Content-Length"] = str(len(content))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
            return
        self.answer(status, content, **headers)

    do_GET = do_POST = handle_git


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """A client that goes away is part of the test."""


server = Server(("127.0.0.1", 0), Git)
server.daemon_threads = True
if len(sys.argv) > 4:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(sys.argv[4])
    server.socket = tls.wrap_socket(server.socket, server_side=True)
with open(port_file + ".new", "w", encoding="ascii") as f:
    f.write(str(server.server_address[1]))
os.rename(port_file + ".new", port_file)
# Ends with the test that started it, however that ends.
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
server.serve_forever()
