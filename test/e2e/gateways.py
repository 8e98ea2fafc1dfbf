"""Gateways of all protocols on this machine: one Xray serves what the API has issued."""
import base64
import hashlib
import json
import pathlib
import socket
import socketserver
import ssl
import subprocess
import tempfile
import threading

from lab import ROOT, Source, wait_until

SETTINGS = {"VLESS_REALITY_PORT": "8443", "VLESS_WS_TLS_PORT": "8444", "HYSTERIA_PORT": "8445", "WIREGUARD_PORT": "8446"}


def wg(command, given=None):
    return subprocess.run(["wg", command], input=given, check=True, capture_output=True, text=True).stdout.strip()


class Keys:
    """X25519, as REALITY and WireGuard spell it."""

    def __init__(self):
        self.private = wg("genkey")
        self.public = wg("pubkey", self.private)

    @staticmethod
    def url(key):
        return base64.urlsafe_b64encode(base64.b64decode(key)).decode().rstrip("=")


class Names(socketserver.ThreadingUDPServer):
    """A server of one name."""

    daemon_threads = True

    def __init__(self, server, name, address):
        self.address = socket.inet_aton(address)
        self.question = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0\0\1\0\1"
        super().__init__((server, 53), Answer)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()


class Answer(socketserver.BaseRequestHandler):
    def handle(self):
        asked, sock = self.request
        end = asked.index(b"\0", 12) + 5
        known = asked[12:end] == self.server.question
        record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + self.server.address if known else b""
        sock.sendto(asked[:2] + b"\x81\x80\0\1" + bytes([0, known]) + b"\0\0\0\0" + asked[12:end] + record,
                    self.client_address)


class Gateways:
    def __init__(self, names, addresses):
        self.reality, self.wireguard = Keys(), Keys()
        self.folder = tempfile.TemporaryDirectory(prefix="tracegate-gateways-")
        self.certificate, self.key = (pathlib.Path(self.folder.name) / name for name in ("tls.crt", "tls.key"))
        subjects = ",".join([f"DNS:{name}" for name in names] + [f"IP:{address}" for address in addresses])
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", "/CN=gateway", "-addext", f"subjectAltName={subjects}",
                        "-keyout", self.key, "-out", self.certificate], check=True, capture_output=True)
        self.settings = {
            **SETTINGS, "REALITY_PUBLIC_KEY": Keys.url(self.reality.public),
                         "REALITY_SHORT_ID": "0123456789abcdef", "WIREGUARD_SERVER_PUBLIC_KEY": self.wireguard.public}
        self.process = None
        self.site = Source()  # what REALITY pretends to be
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        self.site.socket = context.wrap_socket(self.site.socket, server_side=True)

    def pin(self):
        """Of the certificate."""
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(self.certificate.read_text())).hexdigest()

    def serve(self, configs):
        """These (protocol, effective configuration as the API answered it), and no others any more."""
        self.stop()
        path = pathlib.Path(self.folder.name) / "xray.json"
        path.write_text(json.dumps({
            "log": {"loglevel": "warning"},
            "inbounds": [made(self, [config for kind, config in configs if kind == protocol])
                         for protocol, made in INBOUNDS.items() if protocol in dict(configs)],
            "outbounds": [{"protocol": "freedom", "settings": {"finalRules": [{"action": "allow"}]}}]}))
        self.log = open(pathlib.Path(self.folder.name) / "log", "wb")
        self.process = subprocess.Popen([ROOT / "build/peers/xray", "run", "-c", path], stdout=self.log, stderr=self.log)
        wait_until(lambda: "started" in self.said() or self.process.poll() is not None, "the gateways listen")

    def said(self):
        return (pathlib.Path(self.folder.name) / "log").read_text(errors="replace")

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.log.close()
            self.process = None

    def close(self):
        self.stop()
        self.site.close()
        self.folder.cleanup()


def inbound(setting, protocol, settings, stream=None):
    return {"listen": "0.0.0.0", "port": int(SETTINGS[setting]), "protocol": protocol, "settings": settings,
            **({"streamSettings": stream} if stream else {})}


def tls(gateways, **more):
    files = {"certificateFile": str(gateways.certificate), "keyFile": str(gateways.key)}
    return {"certificates": [files], **more}


def vless_reality(gateways, configs):
    users = [{"id": config["uuid"], "flow": config["flow"]} for config in configs]
    reality = {"dest": f"127.0.0.1:{gateways.site.port}", "serverNames": sorted({config["sni"] for config in configs}),
               "privateKey": Keys.url(gateways.reality.private), "shortIds": ["0123456789abcdef"], "minClientVer": "1.8.0"}
    return inbound("VLESS_REALITY_PORT", "vless", {"clients": users, "decryption": "none"},
                   {"network": "tcp", "security": "reality", "realitySettings": reality})


def vless_ws_tls(gateways, configs):
    users = [{"id": config["uuid"]} for config in configs]
    return inbound("VLESS_WS_TLS_PORT", "vless", {"clients": users, "decryption": "none"},
                   {"network": "ws", "security": "tls", "tlsSettings": tls(gateways, alpn=["http/1.1"]),
                    "wsSettings": {"path": "/ws"}})


def hysteria2(gateways, configs):
    users = [{"auth": f"{config['auth']['username']}:{config['auth']['password']}"} for config in configs]
    return inbound("HYSTERIA_PORT", "hysteria", {"version": 2, "clients": users},
                   {"network": "hysteria", "security": "tls", "tlsSettings": tls(gateways, alpn=["h3"]),
                    "hysteriaSettings": {"version": 2}})


def wireguard(gateways, configs):
    peers = [{"publicKey": config["device_public_key"], "preSharedKey": config["peer"]["preshared_key"],
              "allowedIPs": config["interface"]["addresses"]} for config in configs]
    return inbound("WIREGUARD_PORT", "wireguard", {"secretKey": gateways.wireguard.private, "mtu": 1420,
                                                   "noKernelTun": True, "peers": peers})


INBOUNDS = {"vless_reality": vless_reality, "vless_ws_tls": vless_ws_tls, "hysteria2": hysteria2, "wireguard": wireguard}
