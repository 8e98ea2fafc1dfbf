-- "create table … partition of" locks the whole table against everybody, so that all writers would wait behind a
-- backup that is reading it. A partition that is made first and attached then keeps no writer waiting.
create or replace function partition_ahead(parent text, since timestamptz, until timestamptz) returns void
language plpgsql as $$
declare
    part text := parent || '_' || to_char(since at time zone 'UTC', 'YYYYMMDD');
    moment text := case parent when 'audit_log' then 'at' else 'created_at' end;
    used boolean;
begin
    if to_regclass(part) is not null then
        return;
    end if;
    execute format('select exists (select 1 from %I where %I >= %L and %I < %L)',
        parent || '_default', moment, since, moment, until) into used;
    if used then
        return;
    end if;
    execute format('create table %I (like %I including defaults including constraints including storage)',
        part, parent);
    execute format('alter table %I attach partition %I for values from (%L) to (%L)', parent, part, since, until);
end
$$;
