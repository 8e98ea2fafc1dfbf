"""Who acts for a user who has nothing to do with it, against every route: a part of test/e2e/hostile."""
from document import UUID
from tap import equal

NODE = {"role": "VPS_T", "name": "t7", "base_url": "http://192.0.2.7", "public_ipv4": "192.0.2.7"}


def of_a_victim(client, database):
    """Names of members and parameters to what is somebody else's."""
    database.sql("insert into tg_user (telegram_id, telegram_username) values (501, 'victim'), (502, 'stranger');"
                 "insert into tg_user (telegram_id, role) values (503, 'admin')")
    device = client.ask("POST", "/devices", {"user_id": 501, "name": "victim's"}).json["id"]
    body = {"user_id": 501, "device_id": device, "protocol": "vless_reality", "mode": "direct", "variant": "B1"}
    client.ask("POST", "/nodes", NODE)
    made = client.ask("POST", "/connections", {**body, "issue": {}})
    assert made.status == 201, made.body
    connection, revision = made.json["id"], made.json["revision"]["id"]
    client.ask("POST", "/bot-messages", {"telegram_id": 501, "chat_id": 501, "message_id": 1,
                                         "connection_id": connection})
    token = client.ask("POST", "/auth/tokens", {"name": "victim's", "scopes": ["users:read"]}).json["token_meta"]["id"]
    ids = {"/devices": device, "/connections": connection, "/revisions": revision, "/auth": token,
           "/nodes": database.sql("select id from node_endpoint limit 1")}
    return ids, {"telegram_id": 501, "user_id": 501, "target_telegram_id": 501, "device_id": device, "chat_id": 501,
                 "connection_id": connection, "revision_id": revision, "ids": [UUID]}


def against(client, route, ids, names):
    """The request with everything that can be the victim's."""
    family = "/" + route[1].split("/")[1]
    target = route[1].format(**{name: 1 if schema["type"] == "integer" and name == "id" else
                                names.get(name, ids.get(family, UUID))
                                for name, schema in client.api.parameters(route, "path")})
    query = [f"{name}={names[name]}" for name, _ in client.api.parameters(route, "query") if name in names]
    schema = client.api.body_of(route)
    body = schema and {**client.api.example(schema),
                       **{name: names[name] for name in schema["properties"] if name in names}}
    return target + ("?" + "&".join(query) if query else ""), body


def state_of(database):
    """Of all that a change would change."""
    tables = ("tg_user", "device", "connection", "connection_revision", "bot_message_ref", "api_token", "node_endpoint",
              "outbox_event", "node_cursor", "bundle", "audit_log")
    return {table: database.sql(f"select md5(string_agg(t::text, '' order by t::text)) from {table} t")
            for table in tables}


def strangers(client, database):
    """Who acts for a user who has nothing to do with it sees nothing of another's and changes nothing."""
    ids, names = of_a_victim(client, database)
    secrets = [str(ids[family]).encode() for family in ids if family != "/nodes"] + [b"victim", b":501"]
    before, wrong, count = state_of(database), [], 0
    for route, operation in client.api.operations.items():
        if not operation["x-scopes"] or route == ("GET", "/auth/self"):
            continue
        target, body = against(client, route, ids, names)
        answer = client.ask(route[0], target, body, headers={"X-Actor-Telegram-Id": "502"})
        shown = [secret for secret in secrets if answer.status < 300 and secret in answer.body]
        now, count = state_of(database), count + 1
        if answer.status >= 500 or shown or now != before:
            wrong.append((*route, answer.status, answer.body[:200], [t for t in now if now[t] != before[t]]))
            before = now
    equal(f"27: a stranger sees and changes nothing of another's ({count} routes)", [], wrong)
