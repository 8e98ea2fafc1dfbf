-- Who changed what, in the transaction of the change. A partition per month, so that retention drops whole months and
-- never deletes a row; nothing may change one either.
create table audit_log (
    id bigint generated always as identity,
    at timestamptz not null default now(),
    request_id text,
    token_name text,
    actor_telegram_id bigint,
    action text not null,
    subject text not null,
    before jsonb,
    after jsonb,
    primary key (at, id)
) partition by range (at);
create index ix_audit_log_subject on audit_log (subject, at, id);
create index ix_audit_log_actor on audit_log (actor_telegram_id, at, id);
create table audit_log_default partition of audit_log default;

create function audit_log_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'audit_log is append only';
end
$$;
create trigger audit_log_append_only before update or delete on audit_log
    for each row execute function audit_log_is_append_only();
