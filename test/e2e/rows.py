"""What the stories of test/handlers leave out, because it wants other settings or what only a running stack has.

A story is (title, settings, rows) on a new database. A row is

    (title, method, path, body, headers, status, want)

where `want` is the code of an error, or what the answer must hold: members of an object, as many items of a
list, a piece of a text; None is anything. The method SQL is a statement for what the API cannot bring about.
In paths and headers {id}, {token}, ... is what the last answer with such a member had.
"""
import json
import tempfile
from pathlib import Path

from stack import Database, Stack

DEVICE = "00000000-0000-4000-8000-0000000000d1"
CONNECTION = "00000000-0000-4000-8000-0000000000c1"
VLESS = {"user_id": 7, "device_id": DEVICE, "protocol": "vless_reality", "mode": "direct", "variant": "B1"}
ISSUING = "/revisions/by-connection/" + CONNECTION
PERSON = [
    ("a person", "SQL", "insert into tg_user (telegram_id) values (7)"),
    ("with a device", "SQL", "insert into device (id, user_id, name, status) values "
                             f"('{DEVICE}', 7, 'phone', 'active')"),
    ("and a connection", "SQL", "insert into connection (id, user_id, device_id, protocol, mode, variant, "
     "profile_name, custom_overrides_json, status) values "
     f"('{CONNECTION}', 7, '{DEVICE}', 'vless_reality', 'direct', 'B1', 'x', '{{}}', 'active')"),
]
WIREGUARD = {"user_id": 7, "device_id": DEVICE, "protocol": "wireguard", "mode": "direct", "variant": "B5"}
NODE = {"role": "VPS_T", "name": "t1", "base_url": "http://192.0.2.1", "public_ipv4": "192.0.2.1"}


def all_off(folder):
    (folder / "names").write_text("- {id: 1, fqdn: www.one.net, enabled: false}")
    return str(folder / "names")


def large_bundle(folder):
    (folder / "base-vps-t").mkdir()
    (folder / "base-vps-t/xray.json").write_text(" " * (5 << 20))
    return str(folder)


STORIES = [
    ("what needs nothing", {}, [
        ("all scopes", "GET", "/auth/scopes", None, {}, 200, None),
        ("the document", "GET", "/openapi.json", None, {}, 200, {"openapi": "3.1.0"}),
        ("metrics", "GET", "/metrics", None, {}, 200, "tracegate_http_requests_total"),
        ("of one part", "GET", "/metrics?part=process", None, {}, 200, "tracegate_http_requests_total"),
        ("nobody by his Telegram id", "GET", "/users/telegram/404", None, {}, 404, "user_not_found"),
        ("a token", "POST", "/auth/tokens", {"name": "short-lived", "scopes": ["users:read"]}, {}, 201, "token"),
        ("knows itself", "GET", "/auth/self", None, {"X-API-Token": "{token}"}, 200, {"name": "short-lived"}),
        ("its row is lost", "SQL", "delete from api_token"),
        ("before auth has heard of it", "GET", "/auth/self", None, {"X-API-Token": "{token}"}, 404,
         "token_not_found"),
    ]),
    ("a superadmin whom nobody knows yet", {"SUPERADMIN_TELEGRAM_IDS": "[42]"}, [
        ("an admin", "SQL", "insert into tg_user (telegram_id, role) values (9, 'admin')"),
        ("does not bring him in", "POST", "/users/42/session", {}, {"X-Actor-Telegram-Id": "9"}, 403, "rank"),
        ("he does", "POST", "/users/42/session", {}, {}, 200, {"created": True, "user": {"role": "superadmin"}}),
    ]),
    ("no keys", {}, [
        *PERSON,
        ("a node", "POST", "/nodes", NODE, {}, 201, {"name": "t1"}),
        ("a connection with a revision", "POST", "/connections", {**VLESS, "issue": {}}, {}, 409, "reality_keys"),
        ("a revision", "POST", ISSUING, {}, {}, 409, "reality_keys"),
        ("issued before", "SQL", "insert into connection_revision (id, connection_id, slot, status, "
         "effective_config_json, created_at) values "
         f"(gen_random_uuid(), '{CONNECTION}', 0, 'active', '{{}}', now())"),
        ("is not issued again", "POST", "/dispatch/reissue-current-revisions", {}, {}, 409, "reality_keys"),
        ("a connection alone", "POST", "/connections", VLESS, {}, 201, {"status": "active"}),
        ("a WireGuard connection", "POST", "/connections", {**WIREGUARD, "issue": {}}, {}, 409, "wireguard_key"),
        ("alone", "POST", "/connections", WIREGUARD, {}, 201, {"status": "active"}),
        ("its revision", "POST", "/revisions/by-connection/{id}", {}, {}, 409, "wireguard_key"),
    ]),
    ("what an older release left", {}, [
        *PERSON,
        ("no such combination", "SQL", "update connection set mode = 'chain'"),
        ("is not patched", "PATCH", f"/connections/{CONNECTION}", {"custom_overrides_json": {"dns": []}}, {}, 400,
         "combination"),
    ]),
    ("no address", {"WIREGUARD_SERVER_PUBLIC_KEY": "Z" * 43 + "="}, [
        *PERSON,
        ("a node", "POST", "/nodes", NODE, {}, 201, {"name": "t1"}),
        ("no pool", "SQL", "delete from ipam_pool"),
        ("a connection with a revision", "POST", "/connections", {**WIREGUARD, "issue": {}}, {}, 409,
         "ipam_exhausted"),
        ("a connection", "POST", "/connections", WIREGUARD, {}, 201, {"status": "active"}),
        ("its revision", "POST", "/revisions/by-connection/{id}", {}, {}, 409, "ipam_exhausted"),
    ]),
    ("a policy that no name meets", {"REALITY_SNI_ALLOW_SUFFIXES": json.dumps([".nowhere.net"])}, [
        *PERSON,
        ("nor the first", "POST", "/connections", {**VLESS, "issue": {}}, {}, 400, "sni_policy"),
        ("for a revision, too", "POST", ISSUING, {}, {}, 400, "sni_policy"),
        ("nor one that is asked for", "POST", "/connections", {**VLESS, "issue": {"camouflage_sni_id": 1}}, {},
         400, "sni_policy"),
        ("for a revision, too", "POST", ISSUING, {"camouflage_sni_id": 1}, {}, 400, "sni_policy"),
        ("the list for REALITY is empty", "GET", "/sni?purpose=reality", None, {}, 200, []),
    ]),
    ("a catalogue with nothing enabled", {"SNI_CATALOG": all_off}, [
        *PERSON,
        ("a connection with a revision", "POST", "/connections", {**VLESS, "issue": {}}, {}, 400, "sni_none"),
        ("a revision", "POST", ISSUING, {}, {}, 400, "sni_none"),
        ("one that is off", "POST", ISSUING, {"camouflage_sni_id": 1}, {}, 400, "sni_unavailable"),
        ("one that is none", "POST", ISSUING, {"camouflage_sni_id": 404}, {}, 400, "sni_unavailable"),
        ("the list is empty", "GET", "/sni", None, {}, 200, []),
        ("unless all are asked for", "GET", "/sni?enabled_only=0", None, {}, 200, [{"fqdn": "www.one.net"}]),
    ]),
    ("a bundle of 5 MiB", {"BUNDLE_ROOT": large_bundle}, [
        ("is not sent", "POST", "/dispatch/reapply-base", {"role": "VPS_T"}, {}, 422, "bundle_size"),
    ]),
]


# -- playing -------------------------------------------------------------------------------------


def holds(want, have):
    """Named members; lists of the same length."""
    if isinstance(want, dict):
        return isinstance(have, dict) and all(name in have and holds(value, have[name])
                                              for name, value in want.items())
    if isinstance(want, list):
        return isinstance(have, list) and len(want) == len(have) and all(map(holds, want, have))
    return want == have


def right(answer, status, want):
    if answer.status != status:
        return False
    if status >= 400:
        return answer.code == want
    if want is None:
        return True
    return want in answer.body.decode() if isinstance(want, str) else holds(want, answer.json)


class Lone(Stack):
    """One worker of each family, so that what one has cached is what all have."""

    def start_handler(self, name, *arguments):
        super().start_handler(name, "-w", "1", *arguments)


class Teller:
    def __init__(self, stack, database, seen):
        self.stack, self.database, self.seen, self.kept = stack, database, seen, {}

    def row(self, title, method, path, body=None, headers=None, status=None, want=None):
        """What is wrong; None when nothing is."""
        if method == "SQL":
            return self.database.sql(path) and None
        headers = {name: value.format(**self.kept) for name, value in headers.items()}
        token = None if "X-API-Token" in headers else self.stack.token
        answer = self.stack.ask(method, path.format(**self.kept), body, token, headers)
        self.seen(method, path, answer)
        if answer.body[:1] == b"{":
            self.kept |= {name: value for name, value in answer.json.items() if isinstance(value, str)}
        return None if right(answer, status, want) else (title, (status, want), (answer.status, answer.body[:300]))


def family_of(row):
    """The program that serves a row's path."""
    first = row[2].lstrip("/").partition("/")[0].partition("?")[0]
    return {"auth": "tokens"}.get(first, first.replace("-", "_"))


def tell_all(build, seen):
    """(title, what was wrong) of each story."""
    for title, settings, rows in STORIES:
        with tempfile.TemporaryDirectory() as folder, Database(build, "tg_template") as database:
            settings = {name: value(Path(folder)) if callable(value) else value for name, value in settings.items()}
            with Lone(build, database.conninfo, settings, only={"auth", *map(family_of, rows)}) as stack:
                teller = Teller(stack, database, seen)
                yield title, [wrong for wrong in (teller.row(*row) for row in rows) if wrong]
