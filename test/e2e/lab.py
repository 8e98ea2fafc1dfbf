"""What the demonstration, the stories and the benchmarks share: the API of a running stack, a real Xray
client made from nothing but an exported link, and a source of files to fetch through it."""

import hashlib
import http.client
import http.server
import json
import os
import pathlib
import signal
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Failure(Exception):
    """Something that was promised did not happen."""


def wait_until(condition, what, seconds=10.0, pause=0.005):
    """The first true value of condition(); Failure when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failure(f"not within {seconds} s: {what}")
        time.sleep(pause)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Api:
    """The REST API with one token, over one kept connection per thread."""

    def __init__(self, url, token):
        self.host = urllib.parse.urlsplit(url).netloc
        self.token = token
        self.local = threading.local()

    def ask(self, method, path, body=None, headers=None):
        """(status, headers, bytes). A connection that the server has closed is opened again."""
        sent = {"x-api-token": self.token, **(headers or {})}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        connection = getattr(self.local, "connection", None)
        if connection is None or getattr(connection, "sock", None) is None:
            connection = self.local.connection = http.client.HTTPConnection(self.host, timeout=10)
        try:
            connection.request(method, path, data, sent)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        except (http.client.HTTPException, OSError):
            connection.close()
            raise

    def forget(self):
        """The kept connection, which may have died with who was killed."""
        self.local = threading.local()

    def call(self, method, path, body=None, headers=None):
        """The decoded answer of a request that must succeed."""
        status, _, data = self.ask(method, path, body, headers)
        if status >= 300:
            raise Failure(f"{method} {path}: {status} {data.decode(errors='replace')}")
        if not data:
            return None
        return json.loads(data)

    def text(self, path):
        status, _, data = self.ask("GET", path)
        if status != 200:
            raise Failure(f"GET {path}: {status} {data.decode(errors='replace')}")
        return data.decode()


class Stack:
    """A run of `make run`: its state folder, its services."""

    def __init__(self, state):
        self.state = pathlib.Path(state).resolve()
        if not (self.state / "url").exists():
            raise Failure(f"nothing runs in {state}: make run first")
        self.url = (self.state / "url").read_text()
        token = (self.state / "secrets" / "api_internal_token").read_text().strip()
        self.api = Api(self.url, token)

    def pid(self, service):
        """Of the program that runit started; 0 while there is none."""
        try:
            return int((self.state / "service" / service / "supervise" / "pid").read_text() or 0)
        except FileNotFoundError:
            return 0

    def kill(self, service, number=signal.SIGKILL):
        """End what runit started; it starts another."""
        old = self.pid(service)
        os.kill(old, number)
        wait_until(lambda: self.pid(service) not in (0, old), f"{service} is started again", 20)
        self.api.forget()

    def down(self, service):
        """Stop what runit started, for good."""
        subprocess.run(["sv", "-w", "10", "down", self.state / "service" / service], check=True, stdout=subprocess.DEVNULL)

    def xray(self):
        """The Xray program of this run; None where the node runs dry."""
        path = self.state / "bin" / "xray"
        return path if path.exists() else None

    def agent_can_cut(self):
        """Whether the agent may destroy sockets (CAP_NET_ADMIN)."""
        status = pathlib.Path(f"/proc/{self.pid('agent')}/status").read_text()
        effective = next(line for line in status.splitlines() if line.startswith("CapEff"))
        return bool(int(effective.split()[1], 16) >> 12 & 1)

    def database(self, sql, seconds=60):
        """One query as the owner of the run, for tests that compare: rows of columns as text."""
        conninfo = (self.state / "env" / "api" / "DATABASE_URL").read_text()
        command = ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-F", "\t", "-d", conninfo, "-c", sql]
        owner = self.state.stat().st_uid
        if os.geteuid() == 0 and owner != 0:
            command = ["setpriv", f"--reuid={owner}", f"--regid={self.state.stat().st_gid}", "--clear-groups", *command]
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, cwd="/")
        if done.returncode != 0:
            raise Failure(done.stderr)
        return [line.split("\t") for line in done.stdout.splitlines()]


class Client:
    """A real Xray client, made from a vless:// link alone, with a SOCKS port on loopback."""

    def __init__(self, xray, link):
        self.port = free_port()
        self.folder = tempfile.TemporaryDirectory(prefix="tracegate-client-")
        path = pathlib.Path(self.folder.name) / "client.json"
        path.write_text(json.dumps(client_config(link, self.port)))
        self.log = open(pathlib.Path(self.folder.name) / "log", "wb")
        self.process = subprocess.Popen([xray, "run", "-c", path], stdout=self.log, stderr=self.log)
        try:
            wait_until(self.listens, "the client listens")
        except Failure:
            self.close()
            raise

    def listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def close(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
        self.folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def open(self, host, port, path, timeout=5.0):
        """A socket behind SOCKS5 (RFC 1928) that has asked for `path`. OSError when it is refused."""
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=timeout)
        try:
            sock.sendall(b"\x05\x01\x00")
            exactly(sock, 2)
            address = socket.inet_aton(host)
            sock.sendall(b"\x05\x01\x00\x01" + address + port.to_bytes(2, "big"))
            if exactly(sock, 10)[1] != 0:
                raise ConnectionError("the proxy refused")
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        except BaseException:
            sock.close()
            raise
        return sock

    def fetch(self, source, path="/file", timeout=5.0):
        """The body; OSError or HTTPException when it did not arrive."""
        with self.open("127.0.0.1", source.port, path, timeout) as sock:
            answer = http.client.HTTPResponse(sock, method="GET")
            answer.begin()
            return answer.read()

    def works(self, source, timeout=5.0):
        try:
            return self.fetch(source, "/file", timeout) == source.content
        except (OSError, http.client.HTTPException):
            return False

    def download(self, source):
        """An endless download that is under way."""
        return Download(self.open("127.0.0.1", source.port, "/endless"))


class Download:
    """Reads until the other side ends it, and keeps when that was (time.monotonic)."""

    def __init__(self, sock):
        self.sock = sock
        self.bytes = 0
        self.last_at = None
        self.ended_at = None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        wait_until(lambda: self.bytes > 0 or self.ended_at, "the download has begun")

    def run(self):
        try:
            while chunk := self.sock.recv(1 << 16):
                self.bytes += len(chunk)
                self.last_at = time.monotonic()
        except OSError:
            pass
        self.ended_at = time.monotonic()

    def goes_on(self):
        """Whether more arrives from now on."""
        before = self.bytes
        wait_until(lambda: self.bytes > before or self.ended_at, "the download moves", 5)
        return self.ended_at is None

    def wait_end(self, seconds=5.0):
        wait_until(lambda: self.ended_at, "the download ends", seconds, 0.0005)
        return self.ended_at

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()
        self.thread.join(5)


def exactly(sock, count):
    data = b""
    while len(data) < count:
        chunk = sock.recv(count - len(data))
        if not chunk:
            raise ConnectionError("the proxy hung up")
        data += chunk
    return data


def client_config(link, port):
    """What a client app makes of a vless:// link with REALITY."""
    url = urllib.parse.urlsplit(link)
    query = dict(urllib.parse.parse_qsl(url.query))
    if url.scheme != "vless" or query.get("security") != "reality":
        raise Failure(f"not a REALITY link: {link}")
    user = {"id": url.username, "encryption": query["encryption"], "flow": query.get("flow", "")}
    reality = {"serverName": query["sni"], "fingerprint": query["fp"], "publicKey": query["pbk"],
               "shortId": query["sid"], "spiderX": query.get("spx", "/")}
    return {
        "log": {"loglevel": "warning"},
        "inbounds": [{"listen": "127.0.0.1", "port": port, "protocol": "socks", "settings": {"auth": "noauth"}}],
        "outbounds": [{
            "protocol": "vless",
            "settings": {"vnext": [{"address": url.hostname, "port": url.port, "users": [user]}]},
            "streamSettings": {"network": query["type"], "security": "reality", "realitySettings": reality},
        }],
    }


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.close_connection = True
        self.send_response(200)
        if self.path != "/endless":
            self.send_header("Content-Length", str(len(self.server.content)))
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            if self.path != "/endless":
                self.wfile.write(self.server.content)
                return
            while not self.server.closing:
                self.wfile.write(b"." * 1024)
                time.sleep(0.001)
        except OSError:
            pass

    def log_message(self, *_):
        pass


class Source(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """/file is a megabyte that can be checked, /endless never ends."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, host="127.0.0.1"):
        super().__init__((host, 0), Handler)
        self.closing = False
        self.port = self.server_address[1]
        self.content = b"".join(hashlib.sha256(str(i).encode()).digest() for i in range(32768))
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.closing = True
        self.shutdown()
        self.server_close()
