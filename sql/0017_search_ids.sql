-- A search finds users by any part of their id, too.
create index ix_tg_user_id_text on tg_user using gin ((telegram_id::text) gin_trgm_ops);
