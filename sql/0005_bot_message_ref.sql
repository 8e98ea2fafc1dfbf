-- Messages of the bot that hold a credential, so that they can be removed once it is revoked.
create table bot_message_ref (
    id uuid primary key,
    telegram_id bigint not null,
    chat_id bigint not null,
    message_id bigint not null,
    connection_id uuid,
    device_id uuid,
    revision_id uuid,
    removed_at timestamptz,
    created_at timestamptz not null,
    constraint uq_bot_message_ref_chat_msg unique (chat_id, message_id)
);
create index ix_bot_message_ref_telegram_id on bot_message_ref (telegram_id);
create index ix_bot_message_ref_chat_id on bot_message_ref (chat_id);
create index ix_bot_message_ref_connection_id on bot_message_ref (connection_id);
create index ix_bot_message_ref_device_id on bot_message_ref (device_id);
create index ix_bot_message_ref_revision_id on bot_message_ref (revision_id);
create index ix_bot_message_ref_removed_at on bot_message_ref (removed_at);
