-- @USERS@ users with a device, two connections and six revisions each, and as many rows in each log: made by the set,
-- without foreign keys and with tables that are not logged, as nothing of it is kept. Ids follow from the number, and
-- lie as scattered as random ones.
set client_min_messages = warning;
create function row_id(kind integer, n bigint) returns uuid language sql immutable as $$
    select (lpad(to_hex(n * 2654435761 % 4294967296), 8, '0') || '-000' || kind || '-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid
$$;
set session_replication_role = replica;
set maintenance_work_mem = '1GB';
alter table bot_message_ref set unlogged;
alter table connection_revision set unlogged;
alter table connection set unlogged;
alter table wireguard_peer set unlogged;
alter table device set unlogged;
alter table grafana_otp set unlogged;
alter table grafana_session set unlogged;
alter table tg_user set unlogged;
create temporary table dropped as
    select pg_get_indexdef(indexrelid) as made, indexrelid::regclass::text as name from pg_index
     where indrelid in ('tg_user'::regclass, 'device'::regclass, 'connection'::regclass, 'connection_revision'::regclass,
        'bot_message_ref'::regclass)
       and not exists (select 1 from pg_constraint where conindid = indexrelid);
do $$ declare name text; begin
    for name in select d.name from dropped d loop execute 'drop index ' || name; end loop;
end $$;

insert into tg_user (telegram_id, telegram_username, telegram_first_name, telegram_last_name, role, devices_max, entitlement_status,
        bot_blocked_until, created_at, updated_at)
    select n, lpad(to_hex(n * 2654435761 % 4294967296), 8, '0'), (array['Ada', 'Grace', 'Alan', 'Barbara', 'Edsger'])[n % 5 + 1], md5(n::text),
        (case when n % 1000 = 0 then 'admin' else 'user' end)::user_role, 5,
        (case when n % 50 = 0 then 'blocked' when n % 20 = 0 then 'grace' else 'active' end)::entitlement_status,
        case when n % 997 = 0 then now() + interval '1 d' end, now() - n * 2654435761 % 4294967296 / 4294967296.0 * @USERS@ * interval '30 s', now()
    from generate_series(1, @USERS@) n;
insert into device (id, user_id, name, status, created_at)
    select row_id(1, n), n, 'phone ' || n, 'active', now() - n * interval '20 s' from generate_series(1, @USERS@) n;
insert into connection (id, user_id, device_id, protocol, mode, variant, profile_name, custom_overrides_json, status, created_at)
    select row_id(2, n), (n + 1) / 2, row_id(1, (n + 1) / 2), 'vless_reality', 'direct', 'B1', 'default', '{}', 'active',
        now() - n * interval '10 s'
    from generate_series(1, 2 * @USERS@) n;
alter table connection_revision drop constraint connection_revision_pkey, drop constraint ex_connection_revision_active_slot;
insert into connection_revision (id, connection_id, slot, status, camouflage_sni_id, effective_config_json, credential_key, created_at)
    select row_id(3, n), row_id(2, (n + 2) / 3), least(n % 3, 1), (case when n % 3 = 2 then 'revoked' else 'active' end)::connection_revision_status,
        1, '{"protocol": "vless", "transport": "reality", "profile": "B1-stealth-direct", "server": "192.0.2.1", "port": 443,
            "sni": "www.one.net", "flow": "xtls-rprx-vision", "reality": {"public_key": "pub", "short_id": "0123456789abcdef"},
            "local_socks": {"enabled": true, "listen": "127.0.0.1:1080"}, "client_options": {"connect_timeout_ms": 8000,
            "dial_timeout_ms": 8000, "tcp_fast_open": true}, "chain": null}'::jsonb
            || jsonb_build_object('uuid', row_id(4, n), 'device_id', row_id(1, (n + 5) / 6)),
        row_id(4, n)::text, now() - n * interval '3 s'
    from generate_series(1, 6 * @USERS@) n;
alter table connection_revision add primary key (id);
alter table connection_revision add constraint ex_connection_revision_active_slot
    exclude using btree (connection_id with =, slot with =) where (status = 'active') deferrable initially deferred;
insert into bot_message_ref (id, telegram_id, chat_id, message_id, connection_id, device_id, revision_id, created_at)
    select row_id(5, n), n, n, 1, row_id(2, 2 * n), row_id(1, n), row_id(3, 6 * n), now() - n * interval '20 s'
    from generate_series(1, @USERS@) n;
insert into audit_log (at, request_id, token_name, actor_telegram_id, action, subject, after)
    select now() - n * interval '2 s', 'r' || n, 'bot', n % 100 + 1, (array['users.update', 'devices.create', 'revisions.issue'])[n % 3 + 1],
        'user:' || n, '{"slot": 0}'
    from generate_series(1, @USERS@) n;
insert into outbox_event (stream_id, gen, event_type, component, aggregate_id, ver, idempotency_key, created_at)
    select 1, n, 'UPSERT_USER', 'xray', row_id(2, n)::text, 1, 'UPSERT_USER:VPS_T:' || n, now() - (@USERS@ - n) * interval '1 s'
    from generate_series(1, @USERS@) n;
update outbox_stream set gen = @USERS@ where stream_id = 1;
insert into node_endpoint (id, role, name, base_url, public_ipv4, active)
    select row_id(6, n), 'VPS_T', 't' || n, 'http://t' || n, '192.0.2.1', true from generate_series(1, 20) n;
insert into node_cursor (node_id, stream_id, acked_gen) select id, 1, @USERS@ from node_endpoint;
insert into delivery_dead (node_id, gen, event_type, aggregate_id, ver, code, detail, state)
    select row_id(6, n % 20 + 1), n, 'UPSERT_USER', row_id(2, n)::text, 1, 'bad_credential', 'x', 'dead'
    from generate_series(1, least(@USERS@, 10000)) n;
insert into api_token (id, name, token_hash, scopes)
    select row_id(7, n), 'token ' || n, md5(n::text) || md5(n::text), '["users:rw"]' from generate_series(1, 1000) n;

do $$ declare made text; begin
    for made in select d.made from dropped d loop execute made; end loop;
end $$;
set session_replication_role = origin;
vacuum analyze;
