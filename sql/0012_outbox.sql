-- The log of changes: append only, one row per role, numbered after the fact, with one cursor per node instead of a
-- row per delivery. Takes the place of the two outbox tables; what they still held is not lost, since every node starts
-- with a snapshot of everything.
drop table outbox_delivery;
drop table outbox_event;
drop type outbox_status, delivery_status, outbox_role_target;

create table outbox_stream (
    stream_id smallint primary key,
    name text not null unique,
    gen bigint not null default 0,
    floor_gen bigint not null default 0
) with (fillfactor = 10);
insert into outbox_stream (stream_id, name) values (1, 'role:VPS_T'), (2, 'role:VPS_E');

create table outbox_event (
    id bigint generated always as identity,
    stream_id smallint not null,
    gen bigint, -- null until numbered
    event_type outbox_event_type not null,
    component text not null,
    aggregate_id varchar(128) not null,
    ver bigint not null,
    revokes boolean not null default false,
    idempotency_key varchar(255) not null,
    request_id varchar(128),
    actor text,
    created_at timestamptz not null default now()
) partition by range (created_at);
create index ix_outbox_event_unnumbered on outbox_event (stream_id, id) where gen is null;
create index ix_outbox_event_gen on outbox_event (stream_id, gen) where gen is not null;
create index ix_outbox_event_aggregate on outbox_event (aggregate_id, id desc);
create index ix_outbox_event_id on outbox_event (id);
create table outbox_event_default partition of outbox_event default;

create table node_cursor (
    node_id uuid primary key references node_endpoint on delete cascade,
    stream_id smallint not null references outbox_stream,
    acked_gen bigint not null default 0,
    converged jsonb not null default '{}',
    epoch uuid,
    lease_owner text,
    lease_token bigint not null default 0,
    lease_until timestamptz not null default '-infinity',
    next_attempt_at timestamptz not null default '-infinity',
    fails integer not null default 0,
    breaker text not null default 'closed',
    paused boolean not null default false,
    pause_reason text,
    want_snapshot boolean not null default true,
    batch_size integer not null default 64,
    in_sync boolean,
    digest_at timestamptz,
    newer_there integer,
    only_there integer,
    only_here integer,
    boot_id text,
    agent_version text,
    components jsonb,
    last_seen timestamptz,
    last_error text
) with (fillfactor = 10, autovacuum_vacuum_threshold = 50, autovacuum_vacuum_scale_factor = 0);
insert into node_cursor (node_id, stream_id)
    select n.id, s.stream_id from node_endpoint n join outbox_stream s on s.name = 'role:' || n.role;

create table delivery_dead (
    id bigint generated always as identity primary key,
    node_id uuid not null,
    gen bigint,
    event_type outbox_event_type,
    aggregate_id text not null,
    ver bigint not null,
    code text,
    detail text,
    attempts integer not null default 1,
    state text not null check (state in ('dead', 'requeued', 'superseded', 'discarded')),
    reason text,
    created_at timestamptz not null default now(),
    resolved_at timestamptz,
    resolved_by text
);
create unique index uq_delivery_dead on delivery_dead (node_id, aggregate_id, ver);

create table incarnation (
    one boolean primary key default true check (one),
    epoch uuid not null,
    system_id bigint not null,
    timeline integer not null,
    database_oid oid not null,
    restored boolean not null default false
);

create table bundle (
    name text primary key,
    role node_role not null,
    ver bigint not null,
    files jsonb not null,
    digest text not null,
    updated_at timestamptz not null default now()
);
