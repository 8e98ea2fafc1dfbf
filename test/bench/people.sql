-- People number @FROM@ to @TO@: each with a device, two B1 connections, each with an active revision and two of the
-- past, and with no limit that a benchmark meets. Ids are md5 of the number, so that a benchmark knows them without
-- asking. The nodes get a snapshot.
begin;
set local session_replication_role = replica; -- no foreign keys: the rows are made to fit
set local synchronous_commit = off;
create function pg_temp.id(kind text, number bigint) returns uuid language sql immutable as
    $$ select (substr(h, 1, 12) || '4' || substr(h, 14, 3) || '8' || substr(h, 18))::uuid
       from md5(kind || number) as h $$;
create temp table made on commit drop as
    select n, now() - interval '1 day' + n * interval '10 ms' as at, pg_temp.id('device', n) as device
    from generate_series(@FROM@::bigint, @TO@) as n;
insert into tg_user (telegram_id, telegram_username, telegram_first_name, devices_max, entitlement_status, created_at, updated_at)
    select n, 'person_' || n, 'Name ' || md5(n::text), 1000000, 'active', at, at from made;
insert into device (id, user_id, name, status, wg_ver, created_at)
    select device, n, 'phone ' || n % 1000, 'active', 0, at from made;
create temp table way on commit drop as
    select n, at, device, way, pg_temp.id(way, n) as id from made cross join (values ('connection'), ('second')) as w (way);
insert into connection (id, user_id, device_id, protocol, mode, variant, profile_name, custom_overrides_json, status, ver, created_at)
    select id, n, device, 'vless_reality', 'direct', 'B1', 'default', '{}', 'active', 1, at from way;
insert into connection_revision (id, connection_id, slot, status, effective_config_json, credential_key, created_at, revoked_at)
    select pg_temp.id(way || 'revision' || slot, n), id, slot,
        (case slot when 0 then 'active' else 'revoked' end)::connection_revision_status,
        sample.config || jsonb_build_object('uuid', u, 'device_id', device),
        overlay(u::text placing '0000' from 15 for 4), at, case slot when 0 then null else at end
    from way cross join generate_series(0, 2) as slot,
        lateral (select pg_temp.id(way || 'credential' || slot, n) as u) as c,
        (select effective_config_json as config from connection_revision where status = 'active' limit 1) as sample;
update node_cursor set want_snapshot = true;
commit;
