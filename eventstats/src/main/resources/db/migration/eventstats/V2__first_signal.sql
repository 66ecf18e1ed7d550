-- First signals: the schema of the time to first signal (spec/ttfs-schema.sql), each object by its name, and our mends.
-- Every statement may run again, and takes over objects that somebody loaded by hand.

-- That something is there already is no news.
SET LOCAL client_min_messages TO warning;

CREATE SCHEMA IF NOT EXISTS scheduler;

-- The seed refers to this table and does not make it: what several jobs belong to.
CREATE TABLE IF NOT EXISTS scheduler.runs (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW()
);
-- For a table that was made by hand; a run without a tenant belongs to the tenants of its jobs.
ALTER TABLE scheduler.runs ADD COLUMN IF NOT EXISTS tenant_id UUID;
ALTER TABLE scheduler.runs ADD COLUMN IF NOT EXISTS created_at TIMESTAMPTZ NOT NULL DEFAULT NOW();
CREATE INDEX IF NOT EXISTS runs_created ON scheduler.runs (created_at);
COMMENT ON TABLE scheduler.runs IS 'What several jobs belong to: the load of a dashboard, a session, a run of a pipeline';

---------------------------------------------------------------------------------------------------------------------------------------
-- Tables of the seed
---------------------------------------------------------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS scheduler.first_signal_snapshots (
    job_id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL,
    run_id UUID REFERENCES scheduler.runs (id),
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    kind TEXT NOT NULL
        CHECK (kind IN ('queued', 'started', 'phase', 'blocked', 'failed', 'succeeded', 'canceled', 'unavailable')),
    phase TEXT NOT NULL
        CHECK (phase IN ('resolve', 'fetch', 'restore', 'analyze', 'policy', 'report', 'unknown')),
    summary TEXT NOT NULL,
    eta_seconds INT NULL,
    last_known_outcome JSONB NULL,
    next_actions JSONB NULL,
    diagnostics JSONB NOT NULL DEFAULT '{}',
    payload_json JSONB NOT NULL DEFAULT '{}'
);

COMMENT ON TABLE scheduler.first_signal_snapshots
    IS 'Cached first-signal state for jobs, enabling sub-second TTFS lookups';
COMMENT ON COLUMN scheduler.first_signal_snapshots.kind
    IS 'Current signal kind: queued, started, phase, blocked, failed, succeeded, canceled, unavailable';
COMMENT ON COLUMN scheduler.first_signal_snapshots.phase
    IS 'Current execution phase: resolve, fetch, restore, analyze, policy, report, unknown';
COMMENT ON COLUMN scheduler.first_signal_snapshots.eta_seconds
    IS 'Estimated seconds until completion, null if unknown';
COMMENT ON COLUMN scheduler.first_signal_snapshots.last_known_outcome
    IS 'Previous run outcome for predictive context';
COMMENT ON COLUMN scheduler.first_signal_snapshots.next_actions
    IS 'Suggested user actions with labels and hrefs';

CREATE INDEX IF NOT EXISTS idx_first_signal_snapshots_tenant ON scheduler.first_signal_snapshots (tenant_id);
CREATE INDEX IF NOT EXISTS idx_first_signal_snapshots_updated ON scheduler.first_signal_snapshots (updated_at DESC);
CREATE INDEX IF NOT EXISTS idx_first_signal_snapshots_kind ON scheduler.first_signal_snapshots (kind);
CREATE INDEX IF NOT EXISTS idx_first_signal_snapshots_run ON scheduler.first_signal_snapshots (run_id);
CREATE INDEX IF NOT EXISTS idx_first_signal_snapshots_tenant_kind
    ON scheduler.first_signal_snapshots (tenant_id, kind);

CREATE TABLE IF NOT EXISTS scheduler.ttfs_events (
    id BIGSERIAL PRIMARY KEY,
    ts TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    tenant_id UUID NOT NULL,
    job_id UUID NOT NULL,
    run_id UUID NULL,
    surface TEXT NOT NULL CHECK (surface IN ('ui', 'cli', 'ci')),
    event_type TEXT NOT NULL
        CHECK (event_type IN ('signal.start', 'signal.rendered', 'signal.timeout', 'signal.error', 'signal.cache_hit',
            'signal.cold_start')),
    ttfs_ms INT NOT NULL,
    cache_hit BOOLEAN NOT NULL DEFAULT FALSE,
    signal_source TEXT CHECK (signal_source IN ('snapshot', 'cold_start', 'failure_index')),
    kind TEXT
        CHECK (kind IN ('queued', 'started', 'phase', 'blocked', 'failed', 'succeeded', 'canceled', 'unavailable')),
    phase TEXT CHECK (phase IN ('resolve', 'fetch', 'restore', 'analyze', 'policy', 'report', 'unknown')),
    network_state TEXT NULL,
    device TEXT NULL,
    release TEXT NULL,
    correlation_id TEXT NULL,
    trace_id TEXT NULL,
    span_id TEXT NULL,
    error_code TEXT NULL,
    error_message TEXT NULL,
    metadata JSONB DEFAULT '{}'
);

COMMENT ON TABLE scheduler.ttfs_events IS 'Telemetry events for Time-to-First-Signal metrics and SLO tracking';
COMMENT ON COLUMN scheduler.ttfs_events.ttfs_ms IS 'Time-to-first-signal in milliseconds';
COMMENT ON COLUMN scheduler.ttfs_events.signal_source
    IS 'Source of signal: snapshot (cache), cold_start (computed), failure_index (predicted)';
COMMENT ON COLUMN scheduler.ttfs_events.event_type
    IS 'Type of TTFS event: start, rendered, timeout, error, cache_hit, cold_start';

CREATE INDEX IF NOT EXISTS idx_ttfs_events_ts ON scheduler.ttfs_events (ts DESC);
CREATE INDEX IF NOT EXISTS idx_ttfs_events_tenant_ts ON scheduler.ttfs_events (tenant_id, ts DESC);
CREATE INDEX IF NOT EXISTS idx_ttfs_events_surface ON scheduler.ttfs_events (surface, ts DESC);
CREATE INDEX IF NOT EXISTS idx_ttfs_events_job ON scheduler.ttfs_events (job_id);
CREATE INDEX IF NOT EXISTS idx_ttfs_events_errors ON scheduler.ttfs_events (ts DESC, error_code)
    WHERE event_type = 'signal.error';
CREATE INDEX IF NOT EXISTS idx_ttfs_events_surface_cache ON scheduler.ttfs_events (surface, cache_hit, ts DESC);

CREATE TABLE IF NOT EXISTS scheduler.failure_signatures (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    signature_hash TEXT NOT NULL,
    signature_version INT NOT NULL DEFAULT 1,
    pattern JSONB NOT NULL,
    outcome JSONB NOT NULL,
    confidence NUMERIC(4,3) NOT NULL DEFAULT 0.5 CHECK (confidence >= 0 AND confidence <= 1),
    sample_count INT NOT NULL DEFAULT 0,
    last_matched_at TIMESTAMPTZ NULL,
    enabled BOOLEAN NOT NULL DEFAULT TRUE,
    expires_at TIMESTAMPTZ NULL,
    UNIQUE (tenant_id, signature_hash)
);

COMMENT ON TABLE scheduler.failure_signatures IS 'Historical failure patterns for predictive outcome enrichment';
COMMENT ON COLUMN scheduler.failure_signatures.signature_hash IS 'SHA-256 hash of pattern JSON for deduplication';
COMMENT ON COLUMN scheduler.failure_signatures.pattern IS 'JSON pattern for matching job failures';
COMMENT ON COLUMN scheduler.failure_signatures.outcome
    IS 'Predicted outcome with cause, MTTR, and suggested actions';
COMMENT ON COLUMN scheduler.failure_signatures.confidence
    IS 'Confidence score 0.0-1.0 based on sample count and recency';

CREATE INDEX IF NOT EXISTS idx_failure_signatures_tenant ON scheduler.failure_signatures (tenant_id)
    WHERE enabled = TRUE;
CREATE INDEX IF NOT EXISTS idx_failure_signatures_hash ON scheduler.failure_signatures (signature_hash);
CREATE INDEX IF NOT EXISTS idx_failure_signatures_confidence
    ON scheduler.failure_signatures (tenant_id, confidence DESC)
    WHERE enabled = TRUE;
CREATE INDEX IF NOT EXISTS idx_failure_signatures_pattern ON scheduler.failure_signatures USING GIN (pattern);

---------------------------------------------------------------------------------------------------------------------------------------
-- Mends of the tables
---------------------------------------------------------------------------------------------------------------------------------------

-- Order of a job's updates, so that a late one does not undo a newer one.
ALTER TABLE scheduler.first_signal_snapshots ADD COLUMN IF NOT EXISTS seq BIGINT NOT NULL DEFAULT 0;
COMMENT ON COLUMN scheduler.first_signal_snapshots.seq IS 'Order of the job''s updates: only a greater one is taken';

-- A run's signal is that of the job which changed last: one look-up. And whether it goes on: another.
CREATE INDEX IF NOT EXISTS first_signal_snapshots_run_latest
    ON scheduler.first_signal_snapshots (run_id, tenant_id, updated_at DESC);
CREATE INDEX IF NOT EXISTS first_signal_snapshots_run_open ON scheduler.first_signal_snapshots (run_id)
    WHERE kind NOT IN ('succeeded', 'failed', 'canceled', 'unavailable');

-- Rows that were there before may break the rule and are left alone; new ones may not.
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1
        FROM pg_constraint
        WHERE conrelid = 'scheduler.ttfs_events'::regclass AND conname = 'ttfs_events_ttfs_ms_not_negative'
    ) THEN
        ALTER TABLE scheduler.ttfs_events
            ADD CONSTRAINT ttfs_events_ttfs_ms_not_negative CHECK (ttfs_ms >= 0) NOT VALID;
    END IF;
END
$$;

---------------------------------------------------------------------------------------------------------------------------------------
-- Views of the seed; hours and days are UTC's, whatever the session's time zone
---------------------------------------------------------------------------------------------------------------------------------------

CREATE OR REPLACE VIEW scheduler.ttfs_hourly_summary AS
SELECT
    date_trunc('hour', ts, 'UTC') AS hour,
    surface,
    cache_hit,
    COUNT(*) AS event_count,
    AVG(ttfs_ms) AS avg_ms,
    percentile_cont(0.50) WITHIN GROUP (ORDER BY ttfs_ms) AS p50_ms,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY ttfs_ms) AS p95_ms,
    percentile_cont(0.99) WITHIN GROUP (ORDER BY ttfs_ms) AS p99_ms,
    MIN(ttfs_ms) AS min_ms,
    MAX(ttfs_ms) AS max_ms,
    COUNT(*) FILTER (WHERE ttfs_ms > 2000) AS over_p50_slo,
    COUNT(*) FILTER (WHERE ttfs_ms > 5000) AS over_p95_slo
FROM scheduler.ttfs_events
WHERE ts >= NOW() - INTERVAL '7 days'
GROUP BY date_trunc('hour', ts, 'UTC'), surface, cache_hit;
COMMENT ON VIEW scheduler.ttfs_hourly_summary IS 'Hourly rollup of TTFS metrics for dashboard queries';

CREATE OR REPLACE VIEW scheduler.ttfs_daily_summary AS
SELECT
    date_trunc('day', ts, 'UTC') AS day,
    tenant_id,
    surface,
    COUNT(*) AS event_count,
    AVG(ttfs_ms) AS avg_ms,
    percentile_cont(0.50) WITHIN GROUP (ORDER BY ttfs_ms) AS p50_ms,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY ttfs_ms) AS p95_ms,
    SUM(CASE WHEN cache_hit THEN 1 ELSE 0 END)::FLOAT / NULLIF(COUNT(*), 0) AS cache_hit_rate,
    COUNT(*) FILTER (WHERE event_type = 'signal.error') AS error_count
FROM scheduler.ttfs_events
WHERE ts >= NOW() - INTERVAL '90 days'
GROUP BY date_trunc('day', ts, 'UTC'), tenant_id, surface;
COMMENT ON VIEW scheduler.ttfs_daily_summary IS 'Daily rollup of TTFS metrics for long-term trending';

CREATE OR REPLACE VIEW scheduler.ttfs_slo_breaches AS
SELECT
    date_trunc('hour', ts, 'UTC') AS hour,
    tenant_id,
    surface,
    COUNT(*) AS total_signals,
    COUNT(*) FILTER (WHERE ttfs_ms > 2000) AS p50_breaches,
    COUNT(*) FILTER (WHERE ttfs_ms > 5000) AS p95_breaches,
    ROUND(100.0 * COUNT(*) FILTER (WHERE ttfs_ms <= 2000) / NULLIF(COUNT(*), 0), 2) AS p50_compliance_pct,
    ROUND(100.0 * COUNT(*) FILTER (WHERE ttfs_ms <= 5000) / NULLIF(COUNT(*), 0), 2) AS p95_compliance_pct
FROM scheduler.ttfs_events
WHERE ts >= NOW() - INTERVAL '24 hours' AND event_type = 'signal.rendered'
GROUP BY date_trunc('hour', ts, 'UTC'), tenant_id, surface
HAVING COUNT(*) > 0;
COMMENT ON VIEW scheduler.ttfs_slo_breaches IS 'SLO compliance summary for alerting dashboards';

---------------------------------------------------------------------------------------------------------------------------------------
-- Functions of the seed, with its signatures
---------------------------------------------------------------------------------------------------------------------------------------

-- Takes a job's signal and tells who listens on ttfs_signal_update. Refuses, with a row of NULLs and no notification, to change another
-- tenant's job, a job that has ended, and a job whose signal is newer: a writer that orders its updates itself gives its number as
-- diagnostics.seq, a whole number from 1; without one the calls count in the order of their arrival.
CREATE OR REPLACE FUNCTION scheduler.upsert_first_signal_snapshot(
    p_job_id UUID,
    p_tenant_id UUID,
    p_run_id UUID,
    p_kind TEXT,
    p_phase TEXT,
    p_summary TEXT,
    p_eta_seconds INT DEFAULT NULL,
    p_last_known_outcome JSONB DEFAULT NULL,
    p_next_actions JSONB DEFAULT NULL,
    p_diagnostics JSONB DEFAULT '{}'
)
RETURNS scheduler.first_signal_snapshots AS $$
DECLARE
    given_seq BIGINT;
    result scheduler.first_signal_snapshots;
BEGIN
    IF jsonb_typeof(p_diagnostics -> 'seq') = 'number' THEN
        given_seq := CASE
            WHEN (p_diagnostics ->> 'seq')::NUMERIC BETWEEN 1 AND 9007199254740991
                    AND (p_diagnostics ->> 'seq')::NUMERIC % 1 = 0
                THEN (p_diagnostics ->> 'seq')::NUMERIC::BIGINT
        END;
    END IF;
    INSERT INTO scheduler.first_signal_snapshots AS known (
        job_id, tenant_id, run_id, kind, phase, summary, eta_seconds, last_known_outcome, next_actions, diagnostics, seq
    )
    VALUES (
        p_job_id, p_tenant_id, p_run_id, p_kind, p_phase, p_summary, p_eta_seconds, p_last_known_outcome,
        p_next_actions, COALESCE(p_diagnostics, '{}'), COALESCE(given_seq, 1)
    )
    ON CONFLICT (job_id) DO UPDATE SET
        run_id = COALESCE(EXCLUDED.run_id, known.run_id),
        kind = EXCLUDED.kind,
        phase = EXCLUDED.phase,
        summary = EXCLUDED.summary,
        eta_seconds = EXCLUDED.eta_seconds,
        last_known_outcome = COALESCE(EXCLUDED.last_known_outcome, known.last_known_outcome),
        next_actions = EXCLUDED.next_actions,
        diagnostics = EXCLUDED.diagnostics,
        seq = COALESCE(given_seq, known.seq + 1),
        -- The time of a transaction's start may lie before that of the update it comes after.
        updated_at = GREATEST(clock_timestamp(), known.updated_at + INTERVAL '1 microsecond')
    WHERE known.tenant_id = EXCLUDED.tenant_id
        AND known.kind NOT IN ('succeeded', 'failed', 'canceled', 'unavailable')
        AND (given_seq IS NULL OR known.seq < given_seq)
    RETURNING known.* INTO result;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM pg_notify(
        'ttfs_signal_update',
        json_build_object(
            'job_id', result.job_id,
            'tenant_id', result.tenant_id,
            'kind', result.kind,
            'phase', result.phase,
            'run_id', result.run_id,
            'seq', result.seq
        )::TEXT
    );
    RETURN result;
END;
$$ LANGUAGE plpgsql;
COMMENT ON FUNCTION scheduler.upsert_first_signal_snapshot
    IS 'Upsert signal snapshot with NOTIFY for air-gap real-time updates';

CREATE OR REPLACE FUNCTION scheduler.record_ttfs_event(
    p_tenant_id UUID,
    p_job_id UUID,
    p_surface TEXT,
    p_event_type TEXT,
    p_ttfs_ms INT,
    p_cache_hit BOOLEAN DEFAULT FALSE,
    p_signal_source TEXT DEFAULT NULL,
    p_kind TEXT DEFAULT NULL,
    p_phase TEXT DEFAULT NULL,
    p_run_id UUID DEFAULT NULL,
    p_correlation_id TEXT DEFAULT NULL,
    p_error_code TEXT DEFAULT NULL,
    p_metadata JSONB DEFAULT '{}'
)
RETURNS scheduler.ttfs_events AS $$
DECLARE
    result scheduler.ttfs_events;
BEGIN
    INSERT INTO scheduler.ttfs_events AS event (
        tenant_id, job_id, run_id, surface, event_type, ttfs_ms, cache_hit, signal_source, kind, phase, correlation_id,
        error_code, metadata
    )
    VALUES (
        p_tenant_id, p_job_id, p_run_id, p_surface, p_event_type, p_ttfs_ms, p_cache_hit, p_signal_source, p_kind,
        p_phase, p_correlation_id, p_error_code, p_metadata
    )
    RETURNING event.* INTO result;
    RETURN result;
END;
$$ LANGUAGE plpgsql;
COMMENT ON FUNCTION scheduler.record_ttfs_event IS 'Record TTFS telemetry event for metrics and SLO analysis';

-- The best signature that matches. One whose regular expression is not valid matches nothing, and leaves the others in peace: the seed
-- failed for the whole tenant.
CREATE OR REPLACE FUNCTION scheduler.match_failure_signature(
    p_tenant_id UUID,
    p_phase TEXT,
    p_error_code TEXT,
    p_image_reference TEXT DEFAULT NULL
)
RETURNS TABLE (
    signature_id UUID,
    outcome JSONB,
    confidence NUMERIC
) AS $$
DECLARE
    candidate RECORD;
    image_matches BOOLEAN;
BEGIN
    FOR candidate IN
        SELECT signature.id, signature.outcome, signature.confidence, signature.pattern ->> 'image_pattern' AS image_pattern
        FROM scheduler.failure_signatures AS signature
        WHERE signature.tenant_id = p_tenant_id
            AND signature.enabled = TRUE
            AND (signature.expires_at IS NULL OR signature.expires_at > NOW())
            AND (signature.pattern ->> 'phase' IS NULL OR signature.pattern ->> 'phase' = p_phase)
            AND (signature.pattern ->> 'error_code' IS NULL OR signature.pattern ->> 'error_code' = p_error_code)
            AND (signature.pattern ->> 'image_pattern' IS NULL OR p_image_reference IS NOT NULL)
        ORDER BY signature.confidence DESC, signature.sample_count DESC, signature.id
    LOOP
        image_matches := TRUE;
        IF candidate.image_pattern IS NOT NULL THEN
            BEGIN
                image_matches := p_image_reference ~ candidate.image_pattern;
            EXCEPTION
                WHEN invalid_regular_expression THEN
                    image_matches := FALSE;
            END;
        END IF;
        IF image_matches THEN
            signature_id := candidate.id;
            outcome := candidate.outcome;
            confidence := candidate.confidence;
            RETURN NEXT;
            RETURN;
        END IF;
    END LOOP;
END;
$$ LANGUAGE plpgsql;
COMMENT ON FUNCTION scheduler.match_failure_signature
    IS 'Find best matching failure signature for predictive outcome';

---------------------------------------------------------------------------------------------------------------------------------------
-- Rights: two roles to be granted to the logins of others, where the migration's user may create roles
---------------------------------------------------------------------------------------------------------------------------------------

DO $$
DECLARE
    role_name TEXT;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['weir_signal_reader', 'weir_signal_writer'] LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = role_name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
            EXCEPTION
                WHEN duplicate_object OR unique_violation THEN
                    -- Another database's migration was faster.
                    NULL;
                WHEN insufficient_privilege THEN
                    RAISE WARNING 'role % was not created: this user may not; grant rights on schema scheduler by hand',
                        role_name;
            END;
        END IF;
    END LOOP;
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'weir_signal_reader') THEN
        GRANT USAGE ON SCHEMA scheduler TO weir_signal_reader;
        GRANT SELECT ON ALL TABLES IN SCHEMA scheduler TO weir_signal_reader;
    END IF;
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'weir_signal_writer') THEN
        GRANT USAGE ON SCHEMA scheduler TO weir_signal_writer;
        GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA scheduler TO weir_signal_writer;
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA scheduler TO weir_signal_writer;
    END IF;
END
$$;
