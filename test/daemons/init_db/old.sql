-- What installations of the earlier program hold, for the stages that a section is headed with. A hex digit or two at
-- the end of an id tells rows apart: d device, c connection, 5 revision, e lease, b peer, 7 token, 9 node.

== 1 7
insert into tg_user (telegram_id, devices_max, entitlement_status, grace_ends_at, created_at, updated_at) values
    (1, 5, 'ACTIVE', null, '2024-01-01', '2024-01-01'), (2, 1, 'GRACE', '2030-01-01', '2024-01-02', '2024-01-02'),
    (3, 0, 'BLOCKED', null, '2024-01-03', '2024-01-03');
insert into device (id, user_id, name, status, created_at)
    select ('00000000-0000-4000-8000-0000000000d' || n)::uuid, case when n < 6 then 1 else 2 end, 'device ' || n,
        (case n when 9 then 'REVOKED' else 'ACTIVE' end)::device_status, '2024-02-01'::timestamptz + n * interval '1 d'
    from generate_series(1, 9) n;
insert into ipam_pool (id, cidr, gateway, quarantine_seconds, created_at) values
    ('00000000-0000-4000-8000-0000000000aa', '10.70.0.0/24', '10.70.0.1', 900, '2024-01-01');
insert into ipam_lease (id, pool_id, ip, owner_type, owner_id, status, quarantined_until, created_at, updated_at) values
    ('00000000-0000-4000-8000-0000000000e1', '00000000-0000-4000-8000-0000000000aa', '10.70.0.2', 'DEVICE',
        '00000000-0000-4000-8000-0000000000d4', 'ACTIVE', null, '2024-03-01', '2024-03-01'),
    -- another program's pool, a peer that is gone, a quarantine of years ago
    ('00000000-0000-4000-8000-0000000000e2', '00000000-0000-4000-8000-0000000000aa', '10.71.0.9', 'PEER',
        '00000000-0000-4000-8000-0000000000ff', 'QUARANTINED', '2020-01-01', '2024-03-01', '2024-03-01'),
    ('00000000-0000-4000-8000-0000000000e3', '00000000-0000-4000-8000-0000000000aa', 'somewhere', 'USER',
        '00000000-0000-4000-8000-0000000000fe', 'RELEASED', null, '2024-03-01', '2024-03-01');
insert into wireguard_peer (id, user_id, device_id, peer_public_key, lease_id, preshared_key, allowed_ips, status, created_at)
    values ('00000000-0000-4000-8000-0000000000b1', 1, '00000000-0000-4000-8000-0000000000d4', 'single',
        '00000000-0000-4000-8000-0000000000e1', 'psk', '["10.70.0.2/32"]', 'ACTIVE', '2024-03-01');
insert into node_endpoint (id, role, name, base_url, public_ipv4, fqdn, active, created_at, updated_at) values
    ('00000000-0000-4000-8000-000000000091', 'VPS_T', 't1', 'http://t1:8070', '192.0.2.1', null, true, now(), now()),
    ('00000000-0000-4000-8000-000000000092', 'VPS_T', 't2', 'http://t2:8070', '192.0.2.2', null, false, now(), now()),
    ('00000000-0000-4000-8000-000000000093', 'VPS_E', 'e1', 'http://e1:8070', '192.0.2.3', 'e1.invalid', true, now(), now());
insert into api_token (id, name, token_hash, status, created_at) values
    ('00000000-0000-4000-8000-000000000071', 'bot', repeat('a', 64), 'ACTIVE', now()),
    ('00000000-0000-4000-8000-000000000072', 'gone', repeat('b', 64), 'REVOKED', now());
insert into outbox_event (id, event_type, role_target, node_id, aggregate_id, payload_json, idempotency_key, status, attempts,
    available_at, created_at, updated_at)
    select ('00000000-0000-4000-8000-00000000010' || n)::uuid, 'UPSERT_USER', 'VPS_T', '00000000-0000-4000-8000-000000000091',
        'x', '{}', 'x' || n, (case n when 1 then 'SENT' else 'PENDING' end)::outbox_status, 0, now(), now(), now()
    from generate_series(1, 3) n;
insert into outbox_delivery (id, outbox_event_id, node_id, status, attempts, next_attempt_at, created_at, updated_at) values
    ('00000000-0000-4000-8000-000000000111', '00000000-0000-4000-8000-000000000102',
        '00000000-0000-4000-8000-000000000091', 'FAILED', 3, now(), now(), now());

insert into connection (id, user_id, device_id, protocol, mode, variant, profile_name, custom_overrides_json, status, created_at)
    select ('00000000-0000-4000-8000-0000000000c' || v.n)::uuid, d.user_id, d.id, v.protocol::connection_protocol,
        v.mode::connection_mode, v.variant::connection_variant, 'default', v.overrides::json,
        v.status::connection_status, '2024-04-01'::timestamptz + v.place * interval '1 h'
    from (values
        ('1', 1, 4, 'WIREGUARD', 'DIRECT', 'B5', 'ACTIVE', '{"mtu": "1280"}'),
        ('2', 2, 5, 'VLESS_REALITY', 'DIRECT', 'B1', 'ACTIVE', '{}'),
        ('3', 3, 5, 'VLESS_REALITY', 'CHAIN', 'B2', 'ACTIVE', '{}'),
        ('4', 4, 6, 'HYSTERIA2', 'DIRECT', 'B3', 'ACTIVE', '{}'),
        ('5', 5, 6, 'HYSTERIA2', 'DIRECT', 'B3', 'ACTIVE', '{}'),
        ('6', 6, 7, 'VLESS_REALITY', 'DIRECT', 'B1', 'ACTIVE', '"none"'),
        ('7', 7, 7, 'VLESS_REALITY', 'DIRECT', 'B1', 'ACTIVE', '{}'),
        ('8', 8, 7, 'HYSTERIA2', 'DIRECT', 'B3', 'ACTIVE', '{}'),
        ('9', 9, 8, 'WIREGUARD', 'DIRECT', 'B5', 'ACTIVE', '{}'),
        ('a', 10, 8, 'VLESS_REALITY', 'DIRECT', 'B1', 'REVOKED', '{}'),
        -- a second one of its device, and newer, but the peer is the first's
        ('b', 11, 4, 'WIREGUARD', 'DIRECT', 'B5', 'ACTIVE', '{}'))
        as v (n, place, device, protocol, mode, variant, status, overrides)
    join device d on d.id = ('00000000-0000-4000-8000-0000000000d' || v.device)::uuid;
insert into connection_revision (id, connection_id, slot, status, camouflage_sni_id, effective_config_json, created_at)
    select ('00000000-0000-4000-8000-0000000005' || v.id)::uuid, ('00000000-0000-4000-8000-0000000000c' || v.c)::uuid, v.slot,
        v.status::connection_revision_status, v.sni, v.config::json, '2024-05-01'::timestamptz + v.place * interval '1 h'
    from (values
        ('01', 1, '1', 0, 'ACTIVE', null::int, '{"protocol": "wireguard", "profile": "B5-gaming-direct", "endpoint": "192.0.2.1:51820",
            "interface": {"addresses": ["10.70.0.2/32"], "dns": ["1.1.1.1"], "mtu": "1420", "private_key": "cHJpdmF0ZSBrZXkgaW4gY2xlYXIgMzIgYnl0ZXMhISE="},
            "peer": {"public_key": "c2VydmVyIHB1YmxpYyBrZXkgMzIgYnl0ZXMgbG9uZyE=", "preshared_key": null, "allowed_ips": ["0.0.0.0/0"],
            "persistent_keepalive": 25, "endpoint": "192.0.2.1:51820"}, "assigned_ip": "10.70.0.2", "device_public_key": "single"}'),
        ('02', 2, '1', 7, 'REVOKED', null, '{"device_public_key": "before", "interface": {"private_key": "in clear, before"}}'),
        -- one id for all that the device has, as text in two spellings
        ('03', 3, '2', 0, 'ACTIVE', 1, '{"protocol": "vless", "transport": "reality", "profile": "B1-stealth-direct",
            "server": "192.0.2.1", "port": "443", "uuid": "00000000-0000-4000-8000-0000000000D5",
            "device_id": "00000000-0000-4000-8000-0000000000d5", "sni": "www.one.net", "flow": "xtls-rprx-vision",
            "reality": {"public_key": "pub", "short_id": "0123"}, "local_socks": {"enabled": true, "listen": "127.0.0.1:1080"},
            "client_options": {"connect_timeout_ms": "8000", "dial_timeout_ms": 8000, "tcp_fast_open": true}, "chain": null}'),
        ('04', 4, '2', 1, 'ACTIVE', 0, '{"uuid": "00000000-0000-4000-8000-0000000000d5", "server": "192.0.2.1", "port": 443,
            "sni": "www.one.net", "flow": "xtls-rprx-vision", "a number": 1.50, "twice": 1, "twice": 2}'),
        ('05', 5, '2', 1, 'REVOKED', 1, '{"uuid": "00000000-0000-4000-8000-0000000000d5"}'),
        ('06', 6, '3', 0, 'ACTIVE', 1, '{"uuid": "00000000-0000-4000-8000-0000000000d5", "server": "e1.invalid", "port": 443,
            "sni": "www.one.net", "flow": "xtls-rprx-vision"}'),
        ('07', 7, '4', 0, 'ACTIVE', null, '{"server": "192.0.2.1", "port": 443,
            "auth": {"type": "userpass", "username": "u-2-d6", "password": "p-2-d6"}}'),
        ('08', 8, '4', 1, 'ACTIVE', null, '{"server": "192.0.2.1", "port": 443,
            "auth": {"type": "userpass", "username": "u-2-d6", "password": "p-2-d6"}}'),
        ('09', 9, '5', 0, 'ACTIVE', null, json_build_object('server', '192.0.2.1', 'port', 443, 'auth',
            json_build_object('username', repeat('n', 100), 'password', 'long'))::text),
        -- cannot be read: a list, a number for an id, what jsonb cannot hold, a key that is none
        ('10', 10, '6', 0, 'ACTIVE', 1, '[1, 2]'),
        ('11', 11, '7', 0, 'ACTIVE', 1, '{"uuid": 5, "port": "many"}'),
        ('12', 12, '8', 0, 'ACTIVE', null, '{"auth": {"username": "nul\u0000", "password": "1"}}'),
        ('13', 13, '9', 0, 'ACTIVE', null, json_build_object('device_public_key', repeat('k', 90))::text),
        ('14', 14, 'a', 0, 'REVOKED', null, '"text"'),
        ('15', 15, 'b', 0, 'ACTIVE', null, '{"device_public_key": "other"}'))
        as v (id, place, c, slot, status, sni, config);

-- several peers of a device: the newest revision of 1 names its second, 2 has an active one, 3 has none
== 1 1
insert into ipam_lease (id, pool_id, ip, owner_type, owner_id, status, quarantined_until, created_at, updated_at)
    select ('00000000-0000-4000-8000-0000000001e' || n)::uuid, '00000000-0000-4000-8000-0000000000aa', '10.70.0.1' || n,
        'PEER', ('00000000-0000-4000-8000-0000000001b' || n)::uuid,
        (case n when 4 then 'QUARANTINED' else 'ACTIVE' end)::ipam_lease_status, case n when 4 then now() end, '2024-03-01', '2024-03-01'
    from generate_series(1, 6) n;
insert into wireguard_peer (id, user_id, device_id, peer_public_key, lease_id, preshared_key, allowed_ips, status, created_at)
    select ('00000000-0000-4000-8000-0000000001b' || lease)::uuid, 1, ('00000000-0000-4000-8000-0000000000d' || d)::uuid, k,
        ('00000000-0000-4000-8000-0000000001e' || lease)::uuid, null, '[]', s::wireguard_peer_status,
        '2024-03-09'::timestamptz - age * interval '1 d'
    from (values (1, 'newest', 1, 'ACTIVE', 0), (1, 'named', 2, 'ACTIVE', 5),
        (2, 'revoked', 3, 'REVOKED', 0), (2, 'active', 4, 'ACTIVE', 5),
        (3, 'later', 5, 'REVOKED', 0), (3, 'sooner', 6, 'REVOKED', 5)) as v (d, k, lease, s, age);

-- one peer of a device; a revoked one; one whose address is not held, while another one is
== 2 7
insert into ipam_lease (id, pool_id, ip, owner_type, owner_id, status, quarantined_until, created_at, updated_at) values
    ('00000000-0000-4000-8000-0000000001e2', '00000000-0000-4000-8000-0000000000aa', '10.70.0.12', 'PEER',
        '00000000-0000-4000-8000-0000000001b2', 'ACTIVE', null, '2024-03-01', '2024-03-01'),
    ('00000000-0000-4000-8000-0000000001e4', '00000000-0000-4000-8000-0000000000aa', '10.70.0.14', 'DEVICE',
        '00000000-0000-4000-8000-0000000000d2', 'RELEASED', null, '2024-03-01', '2024-03-01'),
    ('00000000-0000-4000-8000-0000000001e3', '00000000-0000-4000-8000-0000000000aa', '10.70.0.13', 'DEVICE',
        '00000000-0000-4000-8000-0000000000d2', 'ACTIVE', null, '2024-03-01', '2024-03-02'),
    ('00000000-0000-4000-8000-0000000001e5', '00000000-0000-4000-8000-0000000000aa', '10.70.0.15', 'DEVICE',
        '00000000-0000-4000-8000-0000000000d3', 'QUARANTINED', now(), '2024-03-01', '2024-03-01');
insert into wireguard_peer (id, user_id, device_id, peer_public_key, lease_id, preshared_key, allowed_ips, status, created_at)
    values ('00000000-0000-4000-8000-0000000001b2', 1, '00000000-0000-4000-8000-0000000000d1', 'named',
        '00000000-0000-4000-8000-0000000001e2', null, '[]', 'ACTIVE', '2024-03-09'),
    ('00000000-0000-4000-8000-0000000001b4', 1, '00000000-0000-4000-8000-0000000000d2', 'active',
        '00000000-0000-4000-8000-0000000001e4', null, '[]', 'ACTIVE', '2024-03-09'),
    ('00000000-0000-4000-8000-0000000001b5', 1, '00000000-0000-4000-8000-0000000000d3', 'later',
        '00000000-0000-4000-8000-0000000001e5', null, '[]', 'REVOKED', '2024-03-09');

-- what the peers of device 1 are judged by
== 1 7
insert into connection (id, user_id, device_id, protocol, mode, variant, profile_name, custom_overrides_json, status, created_at)
    select ('00000000-0000-4000-8000-0000000000f' || n)::uuid, 1, '00000000-0000-4000-8000-0000000000d1', 'WIREGUARD', 'DIRECT',
        'B5', 'default', '{}', (case n when 1 then 'ACTIVE' else 'REVOKED' end)::connection_status, '2024-04-01'
    from generate_series(1, 2) n;
insert into connection_revision (id, connection_id, slot, status, camouflage_sni_id, effective_config_json, created_at) values
    ('00000000-0000-4000-8000-000000000520', '00000000-0000-4000-8000-0000000000f1', 0, 'ACTIVE', null,
        '{"device_public_key": "named"}', '2024-05-02'),
    ('00000000-0000-4000-8000-000000000521', '00000000-0000-4000-8000-0000000000f1', 0, 'REVOKED', null,
        '{"device_public_key": "newest"}', '2024-05-03'),
    ('00000000-0000-4000-8000-000000000522', '00000000-0000-4000-8000-0000000000f2', 0, 'ACTIVE', null,
        '{"device_public_key": "newest"}', '2024-05-04');

-- several active revisions of a slot, and active addresses of an owner
== 1 5
insert into connection_revision (id, connection_id, slot, status, camouflage_sni_id, effective_config_json, created_at)
    select ('00000000-0000-4000-8000-00000000053' || n)::uuid, '00000000-0000-4000-8000-0000000000c3', 1, 'ACTIVE', 1,
        '{"uuid": "00000000-0000-4000-8000-0000000000d5"}', '2024-05-09'::timestamptz - n * interval '1 d'
    from generate_series(1, 3) n;
insert into ipam_lease (id, pool_id, ip, owner_type, owner_id, status, quarantined_until, created_at, updated_at)
    select ('00000000-0000-4000-8000-0000000002e' || n)::uuid, '00000000-0000-4000-8000-0000000000aa', '10.70.0.2' || n, 'DEVICE',
        '00000000-0000-4000-8000-0000000000d9', 'ACTIVE', null, '2024-03-01', '2024-03-09'::timestamptz - n * interval '1 d'
    from generate_series(1, 2) n;

== 3 7
insert into connection (id, user_id, device_id, protocol, mode, variant, profile_name, custom_overrides_json, status, created_at)
    values ('00000000-0000-4000-8000-0000000000cc', 1, '00000000-0000-4000-8000-0000000000d5', 'VLESS_WS_TLS', 'DIRECT',
        'B1', 'default', '{}', 'ACTIVE', '2024-04-02');
insert into connection_revision (id, connection_id, slot, status, camouflage_sni_id, effective_config_json, created_at) values
    ('00000000-0000-4000-8000-000000000540', '00000000-0000-4000-8000-0000000000cc', 0, 'ACTIVE', null,
        '{"uuid": "00000000-0000-4000-8000-0000000000d5", "server": "192.0.2.1", "port": 443}', '2024-05-01');

== 5 7
insert into bot_message_ref (id, telegram_id, chat_id, message_id, connection_id, created_at) values
    ('00000000-0000-4000-8000-000000000201', 1, 1, 10, '00000000-0000-4000-8000-0000000000c2', now());

== 6 7
update tg_user set telegram_username = 'ada', telegram_first_name = 'Ada' where telegram_id = 1;

-- scopes that there are no more, beside one that there is; none that is left; what is no list at all
== 7 7
insert into api_token (id, name, token_hash, status, created_at, scopes) values
    ('00000000-0000-4000-8000-000000000073', 'half', repeat('c', 64), 'ACTIVE', now(), '["users:read", "old:thing"]'),
    ('00000000-0000-4000-8000-000000000074', 'none', repeat('d', 64), 'ACTIVE', now(), '["old:thing", ["users:rw"], 5]'),
    ('00000000-0000-4000-8000-000000000075', 'text', repeat('e', 64), 'ACTIVE', now(), '"*"'),
    ('00000000-0000-4000-8000-000000000076', 'nul', repeat('f', 64), 'ACTIVE', now(), '["\u0000"]'),
    ('00000000-0000-4000-8000-000000000077', 'good', repeat('0', 64), 'ACTIVE', now(), '["nodes:rw", "users:rw"]');
