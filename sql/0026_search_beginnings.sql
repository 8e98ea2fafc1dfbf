-- A search for one or two characters finds what begins with them. Too many do to sort them, too few to meet them soon
-- on the way from the newest.
create index ix_tg_user_id_begins_1 on tg_user (left(telegram_id::text, 1), created_at, telegram_id);
create index ix_tg_user_id_begins_2 on tg_user (left(telegram_id::text, 2), created_at, telegram_id);
create index ix_tg_user_username_begins_1 on tg_user (lower(left(telegram_username, 1)), created_at, telegram_id);
create index ix_tg_user_username_begins_2 on tg_user (lower(left(telegram_username, 2)), created_at, telegram_id);
