"""Xray's way out for each kind of link: what a client app makes of the link alone."""
import urllib.parse


def outbound(link):
    url = urllib.parse.urlsplit(link)
    query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True, strict_parsing=True))
    return KINDS[url.scheme](url, query)


def vless(url, query):
    user = {"id": url.username, "encryption": query["encryption"], "flow": query.get("flow", "")}
    name = {"serverName": query["sni"], "fingerprint": query["fp"]}
    stream = {"network": query["type"], "security": query["security"]}
    if query["security"] == "reality":
        stream["realitySettings"] = {**name, "publicKey": query["pbk"], "shortId": query["sid"], "spiderX": query["spx"]}
    else:
        stream["tlsSettings"] = {**name, "alpn": query["alpn"].split(",")}
        stream["wsSettings"] = {"path": query["path"], "host": query["host"]}
    return {"protocol": "vless", "streamSettings": stream,
            "settings": {"vnext": [{"address": url.hostname, "port": url.port, "users": [user]}]}}


def hysteria2(url, query):
    auth = urllib.parse.unquote(url.netloc.rpartition("@")[0])
    tls = {"serverName": query["sni"], "alpn": ["h3"], "pinnedPeerCertSha256": query.get("pinSHA256", "")}
    return {"protocol": "hysteria", "settings": {"version": 2, "address": url.hostname, "port": url.port},
            "streamSettings": {"network": "hysteria", "security": "tls", "tlsSettings": tls,
                               "hysteriaSettings": {"version": 2, "auth": auth}}}


def wireguard(url, query):
    peer = {"endpoint": f"{url.hostname}:{url.port}", "publicKey": query["publickey"],
            "preSharedKey": query["presharedkey"], "keepAlive": int(query["keepalive"]),
            "allowedIPs": query["allowedips"].split(",")}
    return {"protocol": "wireguard", "settings": {
        "secretKey": urllib.parse.unquote(url.username), "address": query["address"].split(","),
        "mtu": int(query["mtu"]), "noKernelTun": True, "peers": [peer]}}


KINDS = {"vless": vless, "hysteria2": hysteria2, "wireguard": wireguard}
