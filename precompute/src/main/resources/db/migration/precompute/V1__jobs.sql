-- Jobs of precompute: what they are, who runs them, how they fare, and what their latest ticks computed. Times that processes compare are the
-- database's own, so that their clocks need not agree.

SET LOCAL client_min_messages TO warning;

-- The processes that run jobs. One that does not renew its lease has lost its jobs.
CREATE TABLE IF NOT EXISTS precompute_owners (
    owner_id TEXT PRIMARY KEY,
    leased_until TIMESTAMPTZ NOT NULL,
    started_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS precompute_jobs (
    job_id TEXT PRIMARY KEY,
    tenant TEXT NOT NULL,
    -- Equal for requests that ask for the same.
    spec_hash TEXT NOT NULL,
    store_path TEXT NOT NULL,
    -- What was asked for, as JSON; read again by whoever loads it.
    spec JSONB NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    valid_until TIMESTAMPTZ,
    -- Until it is expired; then it is only listed, and its store path is free again.
    live BOOLEAN NOT NULL DEFAULT true,
    expired_at TIMESTAMPTZ,
    -- Null if nobody runs it. No foreign key: an owner that is gone leaves its name until another process takes the job.
    owner_id TEXT,
    -- One more with each owner: fences what former ones write.
    epoch BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX IF NOT EXISTS precompute_jobs_spec ON precompute_jobs (tenant, spec_hash) WHERE live;
CREATE UNIQUE INDEX IF NOT EXISTS precompute_jobs_store_path ON precompute_jobs (tenant, store_path) WHERE live;
CREATE INDEX IF NOT EXISTS precompute_jobs_expired ON precompute_jobs (expired_at) WHERE NOT live;

-- Apart from the jobs, since it changes with every tick.
CREATE TABLE IF NOT EXISTS precompute_progress (
    job_id TEXT PRIMARY KEY REFERENCES precompute_jobs (job_id) ON DELETE CASCADE,
    status TEXT NOT NULL,
    last_run_millis BIGINT,
    last_success_millis BIGINT,
    last_duration_millis BIGINT,
    last_error TEXT,
    runs BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    skipped BIGINT NOT NULL,
    failures_in_row BIGINT NOT NULL,
    next_run_millis BIGINT
) WITH (fillfactor = 50);

CREATE TABLE IF NOT EXISTS precompute_hits (
    job_id TEXT PRIMARY KEY REFERENCES precompute_jobs (job_id) ON DELETE CASCADE,
    hits BIGINT NOT NULL
) WITH (fillfactor = 50);

-- The latest ticks of each job, for the other processes.
CREATE TABLE IF NOT EXISTS precompute_results (
    job_id TEXT NOT NULL REFERENCES precompute_jobs (job_id) ON DELETE CASCADE,
    eval_millis BIGINT NOT NULL,
    -- See StoredResults, which writes it.
    result BYTEA NOT NULL,
    PRIMARY KEY (job_id, eval_millis)
);
-- It is compressed already.
ALTER TABLE precompute_results ALTER COLUMN result SET STORAGE EXTERNAL;
