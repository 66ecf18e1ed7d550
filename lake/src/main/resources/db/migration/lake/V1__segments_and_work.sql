-- Segments, the write-ahead log positions they cover, metric metadata, and the work queue of ingest jobs.

create table segment (
    id text primary key,
    tenant text not null,
    blocks_key text not null,
    series_key text not null,
    blocks_size_bytes bigint not null,
    series_size_bytes bigint not null,
    blocks_checksum text not null,
    series_checksum text not null,
    min_time_millis bigint not null,
    max_time_millis bigint not null,
    series_count bigint not null,
    sample_count bigint not null,
    level integer not null,
    -- 64-bit fingerprints of label names and of (name, value) pairs, see LabelFingerprints.
    fingerprints bigint[] not null,
    created_at timestamptz not null default now(),
    -- Set when compaction or retention took the segment out; its objects live on for a grace period.
    removed_at timestamptz,
    check (min_time_millis <= max_time_millis)
);
create index segment_current on segment (tenant, min_time_millis, max_time_millis) where removed_at is null;
create index segment_garbage on segment (removed_at) where removed_at is not null;

create table ingest_position (
    ingester_id text primary key,
    wal_position bigint not null,
    updated_at timestamptz not null default now()
);

create table metric_metadata (
    tenant text not null,
    metric text not null,
    type text not null,
    help text not null,
    unit text not null,
    updated_at timestamptz not null default now(),
    primary key (tenant, metric, type)
);

create table work_queue (
    id bigint generated always as identity primary key,
    kind text not null,
    tenant text not null,
    key text not null,
    payload text not null,
    attempt integer not null default 0,
    due_at timestamptz not null default now(),
    lease_owner text,
    lease_token text,
    lease_until timestamptz,
    dead boolean not null default false,
    last_error text,
    created_at timestamptz not null default now()
);
-- One live job per (kind, tenant, key); the dead stay to be looked at and do not block a new one.
create unique index work_queue_live on work_queue (kind, tenant, key) where not dead;
create index work_queue_due on work_queue (kind, due_at, id) where not dead;
