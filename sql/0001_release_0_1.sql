-- The chain starts as the oldest installation started, so that each database of an earlier release is some prefix
-- of it and can be carried forward. Nothing here is changed any more.
create type api_token_status as enum ('ACTIVE', 'REVOKED');
create type device_status as enum ('ACTIVE', 'REVOKED');
create type connection_status as enum ('ACTIVE', 'REVOKED');
create type connection_revision_status as enum ('ACTIVE', 'REVOKED');
create type wireguard_peer_status as enum ('ACTIVE', 'REVOKED');
create type node_role as enum ('VPS_T', 'VPS_E');
create type outbox_role_target as enum ('VPS_T', 'VPS_E');
create type entitlement_status as enum ('ACTIVE', 'GRACE', 'BLOCKED');
create type owner_type as enum ('USER', 'DEVICE', 'PEER');
create type ipam_lease_status as enum ('ACTIVE', 'QUARANTINED', 'RELEASED');
create type connection_protocol as enum ('VLESS_REALITY', 'HYSTERIA2', 'WIREGUARD');
create type connection_mode as enum ('DIRECT', 'CHAIN');
create type connection_variant as enum ('B1', 'B2', 'B3', 'B5');
create type outbox_event_type as enum
    ('APPLY_BUNDLE', 'UPSERT_USER', 'REVOKE_USER', 'REVOKE_CONNECTION', 'WG_PEER_UPSERT', 'WG_PEER_REMOVE');
create type outbox_status as enum ('PENDING', 'INFLIGHT', 'SENT', 'FAILED');
create type delivery_status as enum ('PENDING', 'SENT', 'FAILED');

create table tg_user (
    telegram_id bigint primary key,
    devices_max integer not null,
    entitlement_status entitlement_status not null,
    grace_ends_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table device (
    id uuid primary key,
    user_id bigint not null references tg_user on delete cascade,
    name varchar(128) not null,
    status device_status not null,
    created_at timestamptz not null
);
create index ix_device_user_id on device (user_id);

create table connection (
    id uuid primary key,
    user_id bigint not null references tg_user on delete cascade,
    device_id uuid not null references device on delete cascade,
    protocol connection_protocol not null,
    mode connection_mode not null,
    variant connection_variant not null,
    profile_name varchar(64) not null,
    custom_overrides_json json not null,
    status connection_status not null,
    created_at timestamptz not null
);
create index ix_connection_device_id on connection (device_id);
create index ix_connection_user_id on connection (user_id);

create table connection_revision (
    id uuid primary key,
    connection_id uuid not null references connection on delete cascade,
    slot integer not null,
    status connection_revision_status not null,
    camouflage_sni_id integer,
    effective_config_json json not null,
    created_at timestamptz not null
);
create index ix_connection_revision_connection_id on connection_revision (connection_id);
create index ix_connection_revision_active_slot on connection_revision (connection_id, status, slot);

create table ipam_pool (
    id uuid primary key,
    cidr varchar(64) not null unique,
    gateway varchar(64) not null,
    quarantine_seconds integer not null,
    created_at timestamptz not null
);

create table ipam_lease (
    id uuid primary key,
    pool_id uuid not null references ipam_pool on delete cascade,
    ip varchar(64) not null,
    owner_type owner_type not null,
    owner_id uuid not null,
    status ipam_lease_status not null,
    quarantined_until timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint uq_ipam_pool_ip unique (pool_id, ip)
);
create index ix_ipam_lease_pool_id on ipam_lease (pool_id);

create table wireguard_peer (
    id uuid primary key,
    user_id bigint not null references tg_user on delete cascade,
    device_id uuid not null references device on delete cascade,
    peer_public_key varchar(256) not null unique,
    lease_id uuid not null unique references ipam_lease on delete restrict,
    preshared_key varchar(256),
    allowed_ips json not null,
    status wireguard_peer_status not null,
    created_at timestamptz not null
);
create index ix_wireguard_peer_device_id on wireguard_peer (device_id);
create index ix_wireguard_peer_user_id on wireguard_peer (user_id);

create table node_endpoint (
    id uuid primary key,
    role node_role not null,
    name varchar(64) not null unique,
    base_url varchar(255) not null,
    public_ipv4 varchar(64) not null,
    fqdn varchar(255),
    active boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index ix_node_endpoint_role on node_endpoint (role);

create table api_token (
    id uuid primary key,
    name varchar(128) not null unique,
    token_hash varchar(64) not null,
    status api_token_status not null,
    created_at timestamptz not null,
    last_used_at timestamptz
);
create unique index ix_api_token_token_hash on api_token (token_hash);

create table outbox_event (
    id uuid primary key,
    event_type outbox_event_type not null,
    role_target outbox_role_target,
    node_id uuid references node_endpoint,
    aggregate_id varchar(128) not null,
    payload_json json not null,
    idempotency_key varchar(255) not null unique,
    status outbox_status not null,
    attempts integer not null,
    available_at timestamptz not null,
    last_error text,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index ix_outbox_event_available_at on outbox_event (available_at);
create index ix_outbox_event_status on outbox_event (status);

create table outbox_delivery (
    id uuid primary key,
    outbox_event_id uuid not null references outbox_event on delete cascade,
    node_id uuid not null references node_endpoint on delete cascade,
    status delivery_status not null,
    attempts integer not null,
    next_attempt_at timestamptz not null,
    last_error text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint uq_outbox_delivery_event_node unique (outbox_event_id, node_id)
);
create index ix_outbox_delivery_next_attempt_at on outbox_delivery (next_attempt_at);
create index ix_outbox_delivery_node_id on outbox_delivery (node_id);
create index ix_outbox_delivery_outbox_event_id on outbox_delivery (outbox_event_id);
create index ix_outbox_delivery_status on outbox_delivery (status);
