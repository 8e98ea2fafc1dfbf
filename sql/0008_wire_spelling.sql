-- The database spells its enums as the wire does, so that one list serves both, and stores JSON as jsonb.
-- Indexes with a label in their predicate follow the renaming by themselves. From here on an earlier program would not
-- understand the database: its version table says so, in new databases too, and it refuses a revision unknown to it.
create table if not exists alembic_version (
    version_num varchar(32) not null,
    constraint alembic_version_pkc primary key (version_num)
);
delete from alembic_version;
insert into alembic_version (version_num) values ('tracegate-c');

alter type api_token_status rename value 'ACTIVE' to 'active';
alter type api_token_status rename value 'REVOKED' to 'revoked';
alter type device_status rename value 'ACTIVE' to 'active';
alter type device_status rename value 'REVOKED' to 'revoked';
alter type connection_status rename value 'ACTIVE' to 'active';
alter type connection_status rename value 'REVOKED' to 'revoked';
alter type connection_revision_status rename value 'ACTIVE' to 'active';
alter type connection_revision_status rename value 'REVOKED' to 'revoked';
alter type wireguard_peer_status rename value 'ACTIVE' to 'active';
alter type wireguard_peer_status rename value 'REVOKED' to 'revoked';
alter type entitlement_status rename value 'ACTIVE' to 'active';
alter type entitlement_status rename value 'GRACE' to 'grace';
alter type entitlement_status rename value 'BLOCKED' to 'blocked';
alter type owner_type rename value 'USER' to 'user';
alter type owner_type rename value 'DEVICE' to 'device';
alter type owner_type rename value 'PEER' to 'peer';
alter type ipam_lease_status rename value 'ACTIVE' to 'active';
alter type ipam_lease_status rename value 'QUARANTINED' to 'quarantined';
alter type ipam_lease_status rename value 'RELEASED' to 'released';
alter type connection_protocol rename value 'VLESS_REALITY' to 'vless_reality';
alter type connection_protocol rename value 'VLESS_WS_TLS' to 'vless_ws_tls';
alter type connection_protocol rename value 'HYSTERIA2' to 'hysteria2';
alter type connection_protocol rename value 'WIREGUARD' to 'wireguard';
alter type connection_mode rename value 'DIRECT' to 'direct';
alter type connection_mode rename value 'CHAIN' to 'chain';
alter type user_role rename value 'USER' to 'user';
alter type user_role rename value 'ADMIN' to 'admin';
alter type user_role rename value 'SUPERADMIN' to 'superadmin';

-- The type json takes what jsonb cannot hold: \u0000, lone surrogates, numbers without end. Such a value stays as it
-- is, as a text. Only what could be one is tried with a net, since each try costs a subtransaction.
create function pg_temp.as_text_at_least(value json) returns jsonb language plpgsql as $$
begin
    return value::jsonb;
exception when data_exception or program_limit_exceeded then
    return to_jsonb(value::text);
end
$$;
create function pg_temp.as_jsonb(value json) returns jsonb language sql as $$
    select case when value::text ~* '\\u(0000|d[89a-f])|[0-9]{255}|[0-9]e[+-]?[0-9]{3}'
                then pg_temp.as_text_at_least(value) else value::jsonb end
$$;

alter table tg_user alter column devices_max set default 5;
alter table tg_user alter column entitlement_status set default 'active';
alter table tg_user alter column created_at set default now();
alter table tg_user alter column updated_at set default now();
alter table device alter column status set default 'active';
alter table device alter column created_at set default now();
alter table connection alter column custom_overrides_json type jsonb using pg_temp.as_jsonb(custom_overrides_json);
alter table connection alter column created_at set default now();
alter table connection_revision alter column effective_config_json type jsonb using pg_temp.as_jsonb(effective_config_json);
alter table connection_revision alter column created_at set default now();
alter table wireguard_peer alter column allowed_ips type jsonb using pg_temp.as_jsonb(allowed_ips);
alter table node_endpoint alter column created_at set default now();
alter table node_endpoint alter column updated_at set default now();
alter table ipam_pool alter column quarantine_seconds set default 1800;
alter table ipam_pool alter column created_at set default now();
alter table ipam_lease alter column created_at set default now();
alter table ipam_lease alter column updated_at set default now();
alter table bot_message_ref alter column created_at set default now();

drop function pg_temp.as_jsonb, pg_temp.as_text_at_least;
