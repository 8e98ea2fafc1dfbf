-- Numbers what has been committed since the last time, densely and in id order. The stream's row is locked first and
-- the rows are read by the next statement, with a snapshot of its own: else two sequencers would burn numbers. Rows
-- still in flight are numbered by a later call, so there is no gap to wait for and nothing is lost.
create function outbox_sequence(stream smallint) returns bigint language plpgsql as $$
declare
    base bigint;
    numbered bigint;
begin
    select gen into base from outbox_stream where stream_id = stream for update;
    with c as materialized (
        select id, created_at, row_number() over (order by id) as place
          from outbox_event where stream_id = stream and gen is null)
    update outbox_event e set gen = base + c.place from c
     where e.id = c.id and e.created_at = c.created_at and e.stream_id = stream and e.gen is null;
    get diagnostics numbered = row_count;
    if numbered > 0 then
        update outbox_stream set gen = base + numbered where stream_id = stream;
    end if;
    return base + numbered;
end
$$;
