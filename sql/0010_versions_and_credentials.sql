-- What nodes compare: a version per connection and per device's peer, bumped in the update that changes it. And what
-- makes a credential unique; adopted ones may be shared by revisions of a device, so they are marked.
alter table connection add column ver bigint not null default 1;
alter table device add column wg_ver bigint not null default 0;
-- versions that travel begin with 1
update device set wg_ver = 1 where id in (select device_id from wireguard_peer);

alter table connection_revision add column credential_key varchar(64);
alter table connection_revision add column credential_shared boolean not null default false;
alter table connection_revision add column revoked_at timestamptz;

-- What a configuration lacks, or has in another form, gives no key. A Hysteria2 name longer than a key is represented
-- by its SHA-256, which has 64 digits: it still is one per credential. Xray ignores bytes 6 and 7 of an id.
create function pg_temp.key_of(protocol connection_protocol, name text, public_key text, id text) returns text
language sql immutable as $$
    select case
        when protocol = 'hysteria2' then
            case when length(name) > 64 then encode(sha256(convert_to(name, 'UTF8')), 'hex') else nullif(name, '') end
        when protocol = 'wireguard' then
            case when length(public_key) <= 64 then nullif(public_key, '') end
        when id ~* '^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$' then
            overlay(id::uuid::text placing '0000' from 15 for 4)
        end
$$;
update connection_revision r set credential_shared = true,
    revoked_at = case when r.status = 'revoked' then now() end,
    camouflage_sni_id = case when r.camouflage_sni_id > 0 then r.camouflage_sni_id end,
    credential_key = pg_temp.key_of(c.protocol, r.effective_config_json #>> '{auth,username}',
        r.effective_config_json ->> 'device_public_key', r.effective_config_json ->> 'uuid')
  from connection c where c.id = r.connection_id;
drop function pg_temp.key_of;

-- There are three slots. A revoked revision keeps one of them, active ones close up.
drop index uq_connection_revision_active_slot;
update connection_revision set slot = least(greatest(slot, 0), 2) where status = 'revoked' and slot not between 0 and 2;
update connection_revision r set slot = least(p.place, 2),
    status = case when p.place > 2 then 'revoked' else r.status end,
    revoked_at = case when p.place > 2 then now() end
  from (select id, (row_number() over (partition by connection_id order by slot, created_at, id) - 1)::integer as place
          from connection_revision
         where status = 'active' and connection_id in (
            select connection_id from connection_revision where status = 'active' and slot not between 0 and 2)) p
 where r.id = p.id;

-- Slots permute in one update, so the rule is checked when the transaction ends.
alter table connection_revision add constraint ex_connection_revision_active_slot
    exclude using btree (connection_id with =, slot with =) where (status = 'active') deferrable initially deferred;
create unique index uq_connection_revision_credential on connection_revision (credential_key)
    where status = 'active' and not credential_shared;
