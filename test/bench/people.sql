-- @COUNT@ people: a user, a device, a B1 connection and its first revision each, as the API leaves them, made by
-- the set. Ids are md5 of the number, so that a benchmark knows them without asking. The nodes get a snapshot.
begin;
create function pg_temp.id(kind text, number bigint) returns uuid language sql immutable as
    $$ select (substr(h, 1, 12) || '4' || substr(h, 14, 3) || '8' || substr(h, 18))::uuid
       from md5(kind || number) as h $$;
insert into tg_user (telegram_id, devices_max, entitlement_status, created_at, updated_at)
    select n, 64, 'active', now(), now() from generate_series(1, @COUNT@) as n on conflict do nothing;
insert into device (id, user_id, name, status, wg_ver, created_at)
    select pg_temp.id('device', n), n, 'bench', 'active', 0, now() from generate_series(1, @COUNT@) as n on conflict do nothing;
insert into connection (id, user_id, device_id, protocol, mode, variant, profile_name, custom_overrides_json, status, ver, created_at)
    select pg_temp.id('connection', n), n, pg_temp.id('device', n), 'vless_reality', 'direct', 'B1', 'default', '{}', 'active', 1, now()
    from generate_series(1, @COUNT@) as n on conflict do nothing;
insert into connection_revision (id, connection_id, slot, status, effective_config_json, credential_key, created_at)
    select pg_temp.id('revision', n), pg_temp.id('connection', n), 0, 'active',
        sample.config || jsonb_build_object('uuid', u, 'device_id', pg_temp.id('device', n)),
        overlay(u::text placing '0000' from 15 for 4), now()
    from generate_series(1, @COUNT@) as n, lateral (select pg_temp.id('credential', n) as u) as c,
        (select effective_config_json as config from connection_revision where status = 'active' limit 1) as sample
    on conflict (id) do nothing;
update node_cursor set want_snapshot = true;
commit;
analyze;
