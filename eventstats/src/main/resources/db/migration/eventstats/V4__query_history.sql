-- Weir's own history: topic promql.query.runs, one row for each query that ended.
CREATE TABLE IF NOT EXISTS public.promql_query_runs (
    internal_id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    query_id UUID NOT NULL UNIQUE,
    run_id UUID,
    tenant_id TEXT NOT NULL,
    user_name TEXT,
    surface TEXT NOT NULL CHECK (surface IN ('ui', 'cli', 'ci')),
    kind TEXT NOT NULL,
    canonical_hash TEXT NOT NULL,
    query_text TEXT NOT NULL,
    range_start TIMESTAMPTZ,
    range_end TIMESTAMPTZ,
    step_ms BIGINT,
    started_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ NOT NULL,
    duration_ms BIGINT NOT NULL,
    ttfs_ms BIGINT,
    status TEXT NOT NULL CHECK (status IN ('succeeded', 'failed', 'canceled', 'unavailable')),
    error_type TEXT,
    error_code TEXT,
    error_message TEXT,
    phase TEXT NOT NULL,
    work_units INT NOT NULL,
    samples_read BIGINT NOT NULL,
    workers INT NOT NULL,
    precompute_hit BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX IF NOT EXISTS promql_query_runs_started ON public.promql_query_runs (started_at);
CREATE INDEX IF NOT EXISTS promql_query_runs_tenant_started ON public.promql_query_runs (tenant_id, started_at);
CREATE INDEX IF NOT EXISTS promql_query_runs_canonical
    ON public.promql_query_runs (tenant_id, canonical_hash, ended_at DESC);
COMMENT ON TABLE public.promql_query_runs IS 'History of PromQL queries: topic promql.query.runs';
COMMENT ON COLUMN public.promql_query_runs.canonical_hash IS 'SHA-256 of the expression printed canonically, matchers and grouping labels sorted';
COMMENT ON COLUMN public.promql_query_runs.error_type IS 'Type of the error by Prometheus'' name';
COMMENT ON COLUMN public.promql_query_runs.error_code IS 'What it ended by, finer than the type: limit, no_workers, workers_lost, ...';
COMMENT ON COLUMN public.promql_query_runs.ttfs_ms IS 'From the request to the first part of the result going to the client; null if none did';
