-- What nodes compare: a version per connection and per device's peer, bumped in the update that changes it. And what
-- makes a credential unique; adopted ones may be shared by revisions of a device, so they are marked.
alter table connection add column ver bigint not null default 1;
alter table device add column wg_ver bigint not null default 0;

alter table connection_revision add column credential_key varchar(64);
alter table connection_revision add column credential_shared boolean not null default false;
alter table connection_revision add column revoked_at timestamptz;
update connection_revision r set credential_shared = true,
    revoked_at = case when r.status = 'revoked' then now() end,
    credential_key = case c.protocol
        when 'hysteria2' then r.effective_config_json #>> '{auth,username}'
        when 'wireguard' then r.effective_config_json ->> 'device_public_key'
        -- Xray ignores bytes 6 and 7 of an id
        else overlay(lower(r.effective_config_json ->> 'uuid') placing '0000' from 15 for 4) end
  from connection c where c.id = r.connection_id;

-- Slots permute in one update, so the rule is checked when the transaction ends.
drop index uq_connection_revision_active_slot;
alter table connection_revision add constraint ex_connection_revision_active_slot
    exclude using btree (connection_id with =, slot with =) where (status = 'active') deferrable initially deferred;
create unique index uq_connection_revision_credential on connection_revision (credential_key)
    where status = 'active' and not credential_shared;
