"""Programs of others that read what we export."""
import hashlib
import json
import os
import pathlib
import socket
import subprocess

from lab import ROOT, Failure, wait_until
from links import outbound

PEERS = ROOT / "build/peers"
SOCKS = ("127.0.0.1", 1080)  # where a configuration lets its client listen
INBOUND = {"listen": SOCKS[0], "port": SOCKS[1], "protocol": "socks", "settings": {"auth": "noauth"}}


class Clients:
    """try_all() and load() give (program, whether it was content, what it said), None for one that is not here."""

    def __init__(self, folder, source, certificate):
        self.folder, self.port, self.url = folder, source.port, None
        self.digest = hashlib.sha256(source.content).hexdigest()
        # The one certificate that the programs know.
        self.env = {**os.environ, "SSL_CERT_FILE": str(certificate), "XRAY_JSON_STRICT": "true"}

    def try_all(self, form, data, pictured, host):
        self.url = f"http://{host}:{self.port}/file"
        yield from self.all_of(TRIALS[form], data, pictured)

    def load(self, form, data):
        """The same, only that it is loaded."""
        yield from self.all_of(TRIALS[form][:1], data, None)

    def all_of(self, trials, data, pictured):
        for name, program, trial in trials:
            if program and not (PEERS / program).exists():
                yield name, None, f"no {program} (make peers)"
                continue
            try:
                yield name, *trial(self, data, pictured)
            except (Failure, OSError, subprocess.SubprocessError) as error:
                yield name, False, str(error)

    def file(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        path.chmod(0o600)
        return path

    def run(self, *command, data=None):
        done = subprocess.run(command, input=data, capture_output=True, env=self.env, timeout=60)
        return done.returncode == 0, (done.stderr + done.stdout).decode(errors="replace").strip(), done.stdout

    def whole(self, good, body):
        return good and hashlib.sha256(body).hexdigest() == self.digest

    def listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(SOCKS) == 0

    def carries(self, *command):
        """Whether the client, once it runs, fetches the file; it reaches nothing but through its SOCKS port."""
        with open(self.folder / "log", "w+b") as log:
            client = subprocess.Popen(command, stdout=log, stderr=log, env=self.env)
            try:
                wait_until(lambda: self.listens() or client.poll() is not None, "the client listens", 20)
                good, said, body = self.run("curl", "-sS", "-m", "20", "--socks5-hostname", "{}:{}".format(*SOCKS), self.url)
            finally:
                client.kill()
                client.wait()
            log.seek(0)
            good = self.whole(good, body)
            return good, "" if good else f"{said[-300:]} {log.read().decode(errors='replace')}"

    # -- trials: (whether it is good, what was said) -------------------------------------------------

    def xray_test(self, data, _):
        return self.run(PEERS / "xray", "run", "-test", "-c", self.file("xray.json", data))[:2]

    def xray_carries(self, data, _):
        return self.carries(PEERS / "xray", "run", "-c", self.file("xray.json", data))

    def link_carries(self, data, _):
        config = {"inbounds": [INBOUND], "outbounds": [outbound(data.decode())]}
        return self.xray_carries(json.dumps(config).encode(), None)

    def singbox_check(self, data, _):
        return self.run(PEERS / "sing-box", "check", "-c", self.file("sing-box.json", data))[:2]

    def singbox_carries(self, data, _):
        return self.carries(PEERS / "sing-box", "run", "-c", self.file("sing-box.json", data))

    def mihomo_check(self, data, _):
        return self.run(PEERS / "mihomo-check", self.file("mihomo.yaml", data))[:2]

    def mihomo_carries(self, data, _):
        good, said, body = self.run(PEERS / "mihomo-check", self.file("mihomo.yaml", data), self.url)
        return self.whole(good, body), f"{said[:300]} {len(body)} bytes"

    def wg_quick(self, data, _):
        """What it leaves for wg has every key of the file that wg knows."""
        as_root = [] if os.geteuid() == 0 else ["unshare", "--map-root-user"]  # it insists
        good, said, left = self.run(*as_root, "wg-quick", "strip", self.file("tg0.conf", data))
        lines = [line for line in data.decode().splitlines() if line.split(" = ")[0] not in ("Address", "DNS", "MTU")]
        return good and left.decode().split() == "\n".join(lines).split(), said

    def wg_carries(self, data, _):
        if not all(os.access(path, os.W_OK) for path in ("/dev/net/tun", "/var/run")):
            return None, "wireguard-go may not have /dev/net/tun or /var/run"
        tunnel = Tunnel(self, self.file("tunnel.conf", data))
        try:
            # Where its names are told, there is the file, too; curl would ask the system's servers.
            here = f"::{tunnel.values['DNS'].partition(',')[0]}:"
            good, said, body = self.run(*tunnel.inside(), "curl", "-sS", "-m", "20", "--connect-to", here, self.url)
            return self.whole(good, body), said
        finally:
            tunnel.close()

    def zbarimg(self, data, pictured):
        good, said, have = self.run("zbarimg", "-q", "--raw", "-", data=data)
        return good and have.decode().rstrip("\n") == pictured.rstrip("\n"), said

    def zbarimg_of_drawing(self, data, pictured):
        good, said, painted = self.run("rsvg-convert", data=data)
        return self.zbarimg(painted, pictured) if good else (False, said)


class Tunnel:
    """WireGuard from a client's file, with the network of a process that has nothing else."""

    def __init__(self, clients, path):
        self.clients, self.name = clients, f"tg{os.getpid()}"
        lines = [line.partition(" = ") for line in path.read_text().splitlines()]
        self.values = {name: value for name, _, value in lines}
        stripped = subprocess.run(["wg-quick", "strip", path], check=True, capture_output=True).stdout
        self.inner = subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self.outer = subprocess.Popen([PEERS / "wireguard-go", "-f", self.name], stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL)
        try:
            self.lay(clients.file("stripped", stripped))
        except BaseException:
            self.close()
            raise

    def lay(self, stripped):
        there = pathlib.Path(f"/var/run/wireguard/{self.name}.sock")
        here = os.readlink("/proc/self/ns/net")
        wait_until(lambda: there.exists() or self.outer.poll() is not None, "wireguard-go listens")
        wait_until(lambda: os.readlink(f"/proc/{self.inner.pid}/ns/net") != here, "the inner network")
        subprocess.run(["wg", "setconf", self.name, stripped], check=True, capture_output=True)
        # Its socket stays where it was made, outside.
        subprocess.run(["ip", "link", "set", self.name, "netns", str(self.inner.pid)], check=True)
        for command in (["address", "add", self.values["Address"], "dev", self.name],
                        ["link", "set", self.name, "up", "mtu", self.values["MTU"]],
                        ["route", "add", "default", "dev", self.name]):
            subprocess.run([*self.inside(), "ip", *command], check=True)

    def inside(self):
        return ["nsenter", f"--net=/proc/{self.inner.pid}/ns/net"]

    def close(self):
        for process in (self.outer, self.inner):
            process.terminate()
            process.wait()


TRIALS = {
    "uri": [("xray from the link alone, a file", "xray", Clients.link_carries)],
    "conf": [("wg-quick strip", None, Clients.wg_quick),
             ("wg setconf, a file", "wireguard-go", Clients.wg_carries)],
    "qr.png": [("zbarimg", None, Clients.zbarimg)],
    "qr.svg": [("rsvg-convert, zbarimg", None, Clients.zbarimg_of_drawing)],
    "xray": [("xray run -test", "xray", Clients.xray_test), ("xray run, a file", "xray", Clients.xray_carries)],
    "singbox": [("sing-box check", "sing-box", Clients.singbox_check),
                ("sing-box run, a file", "sing-box", Clients.singbox_carries)],
    "mihomo": [("mihomo-check", "mihomo-check", Clients.mihomo_check),
               ("mihomo-check, a file", "mihomo-check", Clients.mihomo_carries)],
}
# Of these the first trial only loads what it gets.
LOADED = ("conf", "xray", "singbox", "mihomo")
