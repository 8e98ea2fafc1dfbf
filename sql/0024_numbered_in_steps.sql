-- What piled up while nobody numbered it is numbered in steps: all of it in one statement would not end before the
-- statement's time does, and so be tried again for ever. As many as STREAM_STEP says (lib/store/streams.h).
create or replace function outbox_sequence(stream smallint) returns bigint language plpgsql as $$
declare
    base bigint;
    numbered bigint;
begin
    select gen into base from outbox_stream where stream_id = stream for update;
    with c as materialized (
        select w.id, w.created_at, row_number() over (order by w.id) as place
          from (select id, created_at from outbox_event where stream_id = stream and gen is null
                 order by id limit 10000) w)
    update outbox_event e set gen = base + c.place from c
     where e.id = c.id and e.created_at = c.created_at and e.stream_id = stream and e.gen is null;
    get diagnostics numbered = row_count;
    if numbered > 0 then
        update outbox_stream set gen = base + numbered where stream_id = stream;
    end if;
    return base + numbered;
end
$$;
