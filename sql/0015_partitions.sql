-- Makes today's partitions and those ahead: days of the outbox, months of the audit log. Called at every start of
-- tracegate-init-db and every hour by the dispatcher. A day that already has rows in the default partition stays there.
create function partition_ahead(parent text, since timestamptz, until timestamptz) returns void language plpgsql as $$
declare
    part text := parent || '_' || to_char(since at time zone 'UTC', 'YYYYMMDD');
    used boolean;
begin
    if to_regclass(part) is not null then
        return;
    end if;
    execute format('select exists (select 1 from %I where %I >= %L and %I < %L)', parent || '_default',
        case parent when 'audit_log' then 'at' else 'created_at' end, since,
        case parent when 'audit_log' then 'at' else 'created_at' end, until) into used;
    if not used then
        execute format('create table %I partition of %I for values from (%L) to (%L)', part, parent, since, until);
    end if;
end
$$;

create function partitions_ahead() returns void language plpgsql as $$
declare
    today timestamptz := date_trunc('day', now() at time zone 'UTC') at time zone 'UTC';
    month timestamptz := date_trunc('month', now() at time zone 'UTC') at time zone 'UTC';
begin
    perform pg_advisory_xact_lock(73284925); -- two at once would make the same ones
    for ahead in 0..14 loop
        perform partition_ahead('outbox_event', today + ahead * interval '1 day', today + (ahead + 1) * interval '1 day');
    end loop;
    for ahead in 0..2 loop
        perform partition_ahead('audit_log', month + ahead * interval '1 month', month + (ahead + 1) * interval '1 month');
    end loop;
end
$$;
