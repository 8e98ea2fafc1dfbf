-- The dispatcher follows revocations from where the slowest node is. Where that one is days behind, all changes since
-- had to be read to find the few that take access away: longer than a statement may take.
create index ix_outbox_event_revokes on outbox_event (stream_id, gen) where revokes;
