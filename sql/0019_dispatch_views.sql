-- What operators look at: the log by kind of event, and the dead letters that are open, each filter with an index of
-- its own order. Open letters are few and seldom written, so these cost next to nothing.
create index ix_outbox_event_type on outbox_event (event_type, created_at, id);
create index ix_delivery_dead_open on delivery_dead (created_at, id) where state = 'dead';
create index ix_delivery_dead_node on delivery_dead (node_id, created_at, id) where state = 'dead';
create index ix_delivery_dead_code on delivery_dead (code, created_at, id) where state = 'dead';
create index ix_delivery_dead_aggregate on delivery_dead (aggregate_id, ver) where state = 'dead';
create index ix_delivery_dead_gen on delivery_dead (node_id, gen) where state = 'dead';
