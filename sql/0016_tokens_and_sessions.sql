-- Tokens that end and are replaced, answers kept for repeated requests, sessions of Grafana, and what the operator's
-- jobs have last done. A rotated token lives on beside its successor under the same name until it expires.
create function pg_temp.as_jsonb(value json) returns jsonb language plpgsql as $$
begin
    return value::jsonb;
exception when data_exception or program_limit_exceeded then
    return '[]'; -- names no scope that there is
end
$$;
alter table api_token alter column scopes type jsonb using pg_temp.as_jsonb(scopes);
drop function pg_temp.as_jsonb;
alter table api_token alter column scopes drop default;
alter table api_token add column expires_at timestamptz;
alter table api_token add column replaced_by uuid;
alter table api_token alter column status set default 'active';
alter table api_token alter column created_at set default now();
alter table api_token drop constraint api_token_name_key;
create unique index uq_api_token_name on api_token (name) where status = 'active' and replaced_by is null;
create index ix_api_token_list on api_token (created_at, id);

create table idempotency (
    token_id uuid not null, -- nil for the bootstrap token
    key text not null,
    request_hash text not null,
    answer jsonb not null,
    created_at timestamptz not null default now(),
    primary key (token_id, key)
);
create index ix_idempotency_created_at on idempotency (created_at);

alter table grafana_otp add column scope text not null default 'user';
create table grafana_session (
    id_hash text primary key,
    telegram_id bigint not null references tg_user on delete cascade,
    login varchar(32) not null,
    scope text not null,
    created_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz
);
create index ix_grafana_session_telegram_id on grafana_session (telegram_id);
create index ix_grafana_session_login on grafana_session (login) where revoked_at is null;

create table maintenance_run (
    name varchar(32) primary key,
    finished_at timestamptz not null,
    detail jsonb not null
);
alter table bot_message_ref add column claimed_until timestamptz;
