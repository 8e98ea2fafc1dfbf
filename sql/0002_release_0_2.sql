-- Release 0.2: deliveries that gave up, roles of users, one-time passwords, and one WireGuard peer per device.
-- Of several peers of a device the one whose key its newest active slot-0 revision names is kept, else an active one,
-- else the newest. Each step is a statement of its own: one that changed and deleted the same rows through CTEs would
-- do only one of the two (PostgreSQL manual 7.8.4).
alter type delivery_status add value 'DEAD';
create type user_role as enum ('USER', 'ADMIN', 'SUPERADMIN');
alter table tg_user add column role user_role not null default 'USER';
create index ix_tg_user_role on tg_user (role);

create table grafana_otp (
    id uuid primary key,
    telegram_id bigint not null references tg_user on delete cascade,
    code_hash varchar(64) not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    created_at timestamptz not null
);
create unique index ix_grafana_otp_code_hash on grafana_otp (code_hash);
create index ix_grafana_otp_expires_at on grafana_otp (expires_at);
create index ix_grafana_otp_telegram_id on grafana_otp (telegram_id);

alter table outbox_delivery add column locked_until timestamptz;
alter table outbox_delivery add column locked_by varchar(64);
create index ix_outbox_delivery_locked_until on outbox_delivery (locked_until);
alter table wireguard_peer add column updated_at timestamptz not null default now();

-- The type json takes \u0000 and lone surrogates, reading them fails: such a configuration names no key.
create function pg_temp.named_key(config json) returns text language plpgsql as $$
begin
    return config ->> 'device_public_key';
exception when data_exception then
    return null;
end
$$;

create temporary table kept_peer on commit drop as
    with named as (
        select distinct on (c.device_id) c.device_id, pg_temp.named_key(r.effective_config_json) as public_key
          from connection c join connection_revision r on r.connection_id = c.id
         where c.protocol = 'WIREGUARD' and r.status = 'ACTIVE' and r.slot = 0
         order by c.device_id, (c.status = 'ACTIVE') desc, r.created_at desc, r.id)
    select distinct on (p.device_id) p.id, p.device_id, p.lease_id, p.status
      from wireguard_peer p left join named n on n.device_id = p.device_id
     order by p.device_id, (p.peer_public_key is not distinct from n.public_key) desc, (p.status = 'ACTIVE') desc,
        p.created_at desc, p.id;

create temporary table dropped_peer on commit drop as
    select p.id, p.lease_id from wireguard_peer p where p.id not in (select id from kept_peer);

delete from wireguard_peer where id in (select id from dropped_peer);

update ipam_lease set status = 'RELEASED', quarantined_until = null, updated_at = now()
 where id in (select lease_id from dropped_peer);

update ipam_lease l set owner_type = 'DEVICE', owner_id = k.device_id, updated_at = now(),
    status = case when k.status = 'ACTIVE' then 'ACTIVE'::ipam_lease_status
                  when l.status = 'ACTIVE' then 'RELEASED' else l.status end,
    quarantined_until = case when k.status = 'ACTIVE' then null else l.quarantined_until end
  from kept_peer k where l.id = k.lease_id;

drop index ix_wireguard_peer_device_id;
create unique index ix_wireguard_peer_device_id on wireguard_peer (device_id);

drop function pg_temp.named_key;
