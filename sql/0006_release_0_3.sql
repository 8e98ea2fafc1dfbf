-- Release 0.3: names of users, blocks by the bot, and the two rules that only an index can keep: one active revision
-- per slot and one active lease per owner. What breaks them is revoked or released first, the newest stays.
alter table tg_user add column telegram_username varchar(64);
alter table tg_user add column telegram_first_name varchar(128);
alter table tg_user add column telegram_last_name varchar(128);
alter table tg_user add column bot_blocked_until timestamptz;
alter table tg_user add column bot_block_reason varchar(255);
create index ix_tg_user_telegram_username on tg_user (telegram_username);
create index ix_tg_user_bot_blocked_until on tg_user (bot_blocked_until);

update connection_revision r set status = 'REVOKED'
 where r.status = 'ACTIVE' and exists (
    select 1 from connection_revision newer
     where newer.connection_id = r.connection_id and newer.slot = r.slot and newer.status = 'ACTIVE'
       and (newer.created_at, newer.id) > (r.created_at, r.id));

update ipam_lease l set status = 'RELEASED', updated_at = now()
 where l.status = 'ACTIVE' and exists (
    select 1 from ipam_lease later
     where later.pool_id = l.pool_id and later.owner_type = l.owner_type and later.owner_id = l.owner_id
       and later.status = 'ACTIVE' and (later.updated_at, later.id) > (l.updated_at, l.id));

create unique index uq_connection_revision_active_slot on connection_revision (connection_id, slot)
    where status = 'ACTIVE';
create unique index uq_ipam_lease_active_owner on ipam_lease (pool_id, owner_type, owner_id)
    where status = 'ACTIVE';
