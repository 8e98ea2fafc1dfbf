-- Every list is served by an index in its own order, and a search by trigrams.
create extension if not exists pg_trgm;
create index ix_tg_user_list on tg_user (created_at, telegram_id);
create index ix_tg_user_role_list on tg_user (role, created_at, telegram_id);
create index ix_tg_user_entitlement_list on tg_user (entitlement_status, created_at, telegram_id);
create index ix_tg_user_names on tg_user using gin (
    telegram_username gin_trgm_ops, telegram_first_name gin_trgm_ops, telegram_last_name gin_trgm_ops);
create index ix_device_list on device (user_id, created_at, id);
create index ix_device_name on device using gin (name gin_trgm_ops);
create index ix_connection_list on connection (device_id, created_at, id);
create index ix_connection_revision_list on connection_revision (connection_id, created_at, id);
-- now prefixes of the above
drop index ix_tg_user_role;
drop index ix_device_user_id;
drop index ix_connection_device_id;
drop index ix_connection_revision_connection_id;
