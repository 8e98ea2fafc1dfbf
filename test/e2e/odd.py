"""Values that no friend would send: the data of test/e2e/hostile."""

# Row 10.
BODIES = ["null", "[]", '"x"', "7", "true", "{} {}", "{} x", "{", "[{}]", '{"a": 1,}', "{'a': 1}"]

# Row 14: any of them may stand in any member.
VALUES = [None, True, False, 0, -1, 1, 2 ** 31, 2 ** 63 - 1, 2 ** 63, -2 ** 63 - 1, 10 ** 400, 1.5, 1e300, "", " ",
          "5", "-5", "x" * 1000, "\u202e", "\ud7ff\ue000", "\U0001f4a9" * 64, "'; drop table tg_user; --", "%s%n",
          "../../etc/passwd", "{0}", [], [[]], [None], ["x"] * 100, {}, {"id": 1}, {"a": {"b": {"c": [1, 2]}}},
          "00000000-0000-4000-8000-0000000000ff", "2026-12-31T23:59:60Z", "0000-00-00T00:00:00Z"]

# Row 15.
LIMITS = ["limit=0", "limit=-1", "limit=1000000000", "limit=1001", "limit=abc", "limit=", "limit=1.0", "limit=1&limit=1",
          "limit=99999999999999999999", "cursor=x", "cursor=%20", "cursor=" + "A" * 41, "cursor=" + "A" * 5000,
          "cursor=%2e%2e%2f", "cursor=AAAA&cursor=AAAA"]

# Row 16.
UUIDS = ["{00000000-0000-4000-8000-0000000000ff}", "urn:uuid:00000000-0000-4000-8000-0000000000ff",
         "00000000-0000-4000-8000-0000000000f", "0000000000004000800000000000000", "x", "7", "null",
         "00000000-0000-4000-8000-0000000000fg", "00000000-0000-4000-8000-0000000000ff0",
         "0000-00000000-4000-8000-0000000000ff", "00000000--0000-4000-8000-000000000ff"]

# Row 17: lengths are those of code points.
ACCEPTED_NAMES = ["x", "x" * 128, "\u6f22" * 128, "\U0001f4f1" * 128, "'; drop table device; --", "%n%s%x", "<b>bold</b>",
                  ">>>", "{{7*7}}", "a\"b\\c", "../..", "na\u00efve \u2014 \u6f22\u5b57", "\u0627\u0644\u0639\u0631\u0628\u064a\u0629", "null",
                  "e\u0301", "\U0001f468\u200d\U0001f469\u200d\U0001f467"]
REFUSED_NAMES = [("empty", ""), ("129", "x" * 129), ("129 of four bytes", "\U0001f4f1" * 129), ("a line break", "a\nb"),
                 ("a tab", "a\tb"), ("a bell", "a\x07b"), ("DEL", "a\x7fb"), ("C1", "a\u0085b"), ("an override", "a\u202eb"),
                 ("an isolate", "a\u2066b"), ("a mark", "a\u200fb"), ("NUL", "a\x00b")]

# Row 18.
ADDRESSES = ["0.0.0.0", "256.1.1.1", "010.1.1.1", "192.0.2.1:80", "::1", "::ffff:192.0.2.1", "192.0.2", "192.0.2.1.1",
             "192.0.2.1/32", " 192.0.2.1", "192.0.2.1 ", "0xc0.0.2.1", "3221225985", "localhost", ""]

# Row 19.
URLS = ["file:///etc/passwd", "http://user@192.0.2.1", "http://user:word@192.0.2.1", "http://192.0.2.1/#x",
        "http://192.0.2.1/?x", "http://\u00fc.example", "http://", "//192.0.2.1", "gopher://192.0.2.1", "http://192.0.2.1:0",
        "http://192.0.2.1:65536", "http://192.0.2.1:x", "http://a b", "http://a\nb", "javascript:alert(1)",
        "http://" + "a" * 2048, "HTTP://192.0.2.1\\@b", ""]

# Row 22: in RFC 3339, and after now.
TIMES = ["2099-01-01T00:00:00", "2099-01-01", "2098-12-31T23:59:60Z", "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z",
         "2020-01-01T00:00:00Z", "2099-02-30T00:00:00Z", "2099-13-01T00:00:00Z", "2099-01-01T24:00:01Z",
         "2099-01-01T00:00:00+99:00", "tomorrow", "4070908800", 4070908800, "", "2099-01-01T00:00:00 Z"]

# Row 23: what each protocol's overrides must not be; every key is named in the answer.
OVERRIDES = [
    ({"protocol": "vless_reality", "mode": "direct", "variant": "B1"},
     {"port": 444, "camouflage_sni_id": "first", "connect_timeout_ms": 99, "dial_timeout_ms": 60001,
      "local_socks_port": 1023, "tcp_fast_open": "perhaps", "uuid": "x"}),
    ({"protocol": "vless_ws_tls", "mode": "direct", "variant": "B1"},
     {"ws_path": "http://a/b", "ws_host": "a b", "tls_server_name": "-", "tls_insecure": 7, "server": "evil.net"}),
    ({"protocol": "hysteria2", "mode": "direct", "variant": "B3"},
     {"client_mode": "server", "up_mbps": 0, "down_mbps": 10001, "socks_listen": "0.0.0.0:1080",
      "http_listen": "[::]:80", "auth": {}, "masquerade": "file"}),
    ({"protocol": "wireguard", "mode": "direct", "variant": "B5"},
     {"dns": ["::1"], "mtu": 1199, "persistent_keepalive": 601, "allowed_ips": ["10.0.0.0/33"], "private_key": "x"}),
]
