-- Rollups of events of time to first signal, learning of failure signatures, runs of the retention. Every statement may run again.

-- That something is there already is no news.
SET LOCAL client_min_messages TO warning;
--
-- How an event gets into the rollups, once and only once:
--   1. A trigger adds up the rows of each statement that inserts events, in the inserting transaction, and appends the sums to ttfs_rollup_deltas.
--      Who inserts (the API, the seed's function, COPY), in which order transactions commit and how late an event is does not matter: a delta is
--      there when its events are.
--   2. A job moves deltas into the hours and days, one transaction a batch.
--   3. Who reads adds what was not moved yet; in one statement it is in one place, never in both.
--
-- Cells are by bucket of the latency. Each keeps its count, sum, least and greatest value, so that counts, averages, least and greatest values are
-- exact, and a percentile is off by less than the width of a bucket: nothing below 64 ms, less than 1/32 of the value above.

-- Number of the bucket of a latency in ms: one for each ms below 64 (one for all negative ones), from there on 32 for each doubling.
CREATE OR REPLACE FUNCTION scheduler.ttfs_bucket(latency_ms INT) RETURNS INT
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN latency_ms < 0 THEN -1
        WHEN latency_ms < 64 THEN latency_ms
        ELSE 32 * width_bucket(latency_ms, ARRAY[64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072, 262144,
            524288, 1048576, 2097152, 4194304, 8388608, 16777216, 33554432, 67108864, 134217728, 268435456, 536870912, 1073741824])
            + (latency_ms >> width_bucket(latency_ms, ARRAY[64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072, 262144,
            524288, 1048576, 2097152, 4194304, 8388608, 16777216, 33554432, 67108864, 134217728, 268435456, 536870912, 1073741824]))
    END
$$;
COMMENT ON FUNCTION scheduler.ttfs_bucket(INT) IS 'Bucket of a latency: exact below 64 ms, 32 buckets per doubling above';

-- The value at a rank (0 for the least) of all values in order, if it is in this cell, whose last value has rank upto - 1; else null. Exact for up
-- to three values in the cell, else evenly between its least and its greatest.
CREATE OR REPLACE FUNCTION scheduler.ttfs_value_at(value_rank DOUBLE PRECISION, upto DOUBLE PRECISION, cell_count DOUBLE PRECISION,
    cell_sum DOUBLE PRECISION, cell_min DOUBLE PRECISION, cell_max DOUBLE PRECISION) RETURNS DOUBLE PRECISION
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN value_rank >= upto OR value_rank < upto - cell_count THEN NULL
        WHEN value_rank = upto - cell_count THEN cell_min
        WHEN value_rank = upto - 1 THEN cell_max
        WHEN cell_count = 3 THEN cell_sum - cell_min - cell_max
        ELSE cell_min + (cell_max - cell_min) * (value_rank - upto + cell_count) / (cell_count - 1)
    END
$$;
COMMENT ON FUNCTION scheduler.ttfs_value_at(DOUBLE PRECISION, DOUBLE PRECISION, DOUBLE PRECISION, DOUBLE PRECISION, DOUBLE PRECISION,
    DOUBLE PRECISION) IS 'Value at a rank of a rollup, null if the rank is not in the cell';

CREATE TABLE IF NOT EXISTS scheduler.ttfs_rollup_hours (
    tenant_id UUID NOT NULL,
    hour TIMESTAMPTZ NOT NULL,
    surface TEXT NOT NULL,
    cache_hit BOOLEAN NOT NULL,
    event_type TEXT NOT NULL,
    bucket INT NOT NULL,
    event_count BIGINT NOT NULL,
    sum_ms BIGINT NOT NULL,
    min_ms INT NOT NULL,
    max_ms INT NOT NULL,
    over_p50_slo BIGINT NOT NULL,
    over_p95_slo BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, hour, surface, cache_hit, event_type, bucket)
);
CREATE INDEX IF NOT EXISTS ttfs_rollup_hours_hour ON scheduler.ttfs_rollup_hours (hour);
COMMENT ON TABLE scheduler.ttfs_rollup_hours IS 'Events of time to first signal by hour (UTC) and bucket of their latency';

CREATE TABLE IF NOT EXISTS scheduler.ttfs_rollup_days (
    tenant_id UUID NOT NULL,
    day TIMESTAMPTZ NOT NULL,
    surface TEXT NOT NULL,
    cache_hit BOOLEAN NOT NULL,
    event_type TEXT NOT NULL,
    bucket INT NOT NULL,
    event_count BIGINT NOT NULL,
    sum_ms BIGINT NOT NULL,
    min_ms INT NOT NULL,
    max_ms INT NOT NULL,
    over_p50_slo BIGINT NOT NULL,
    over_p95_slo BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, day, surface, cache_hit, event_type, bucket)
);
CREATE INDEX IF NOT EXISTS ttfs_rollup_days_day ON scheduler.ttfs_rollup_days (day);
COMMENT ON TABLE scheduler.ttfs_rollup_days IS 'Events of time to first signal by day (UTC) and bucket of their latency';

CREATE TABLE IF NOT EXISTS scheduler.ttfs_rollup_deltas (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id UUID NOT NULL,
    hour TIMESTAMPTZ NOT NULL,
    surface TEXT NOT NULL,
    cache_hit BOOLEAN NOT NULL,
    event_type TEXT NOT NULL,
    bucket INT NOT NULL,
    event_count BIGINT NOT NULL,
    sum_ms BIGINT NOT NULL,
    min_ms INT NOT NULL,
    max_ms INT NOT NULL,
    over_p50_slo BIGINT NOT NULL,
    over_p95_slo BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS ttfs_rollup_deltas_tenant ON scheduler.ttfs_rollup_deltas (tenant_id, hour);
COMMENT ON TABLE scheduler.ttfs_rollup_deltas IS 'Sums of inserted events that are not in the hours and days yet';

-- With the rights of the schema's owner: who may insert events need not have any on the rollups.
CREATE OR REPLACE FUNCTION scheduler.ttfs_events_add_deltas() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO scheduler.ttfs_rollup_deltas (tenant_id, hour, surface, cache_hit, event_type, bucket,
        event_count, sum_ms, min_ms, max_ms, over_p50_slo, over_p95_slo)
    SELECT tenant_id, date_trunc('hour', ts, 'UTC'), surface, cache_hit, event_type, scheduler.ttfs_bucket(ttfs_ms),
        count(*), sum(ttfs_ms), min(ttfs_ms), max(ttfs_ms),
        count(*) FILTER (WHERE ttfs_ms > 2000), count(*) FILTER (WHERE ttfs_ms > 5000)
    FROM inserted
    GROUP BY 1, 2, 3, 4, 5, 6;
    RETURN NULL;
END;
$$;

-- Creating the trigger keeps writers out until this migration is committed: what is there now is added up here, all else by the trigger; where the
-- trigger is there already, nothing is left to add.
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_trigger
               WHERE tgrelid = 'scheduler.ttfs_events'::regclass AND tgname = 'ttfs_events_add_deltas') THEN
        RETURN;
    END IF;
    CREATE TRIGGER ttfs_events_add_deltas AFTER INSERT ON scheduler.ttfs_events
        REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION scheduler.ttfs_events_add_deltas();
    INSERT INTO scheduler.ttfs_rollup_deltas (tenant_id, hour, surface, cache_hit, event_type, bucket,
        event_count, sum_ms, min_ms, max_ms, over_p50_slo, over_p95_slo)
    SELECT tenant_id, date_trunc('hour', ts, 'UTC'), surface, cache_hit, event_type, scheduler.ttfs_bucket(ttfs_ms),
        count(*), sum(ttfs_ms), min(ttfs_ms), max(ttfs_ms),
        count(*) FILTER (WHERE ttfs_ms > 2000), count(*) FILTER (WHERE ttfs_ms > 5000)
    FROM scheduler.ttfs_events
    GROUP BY 1, 2, 3, 4, 5, 6;
END
$$;

-- The seed's hourly view has no tenant, and its hours are those of the session's time zone.
CREATE OR REPLACE VIEW scheduler.ttfs_hourly_summary_by_tenant AS
SELECT
    date_trunc('hour', ts, 'UTC') AS hour,
    tenant_id,
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
GROUP BY 1, 2, 3, 4;
COMMENT ON VIEW scheduler.ttfs_hourly_summary_by_tenant IS 'Hourly rollup of TTFS metrics by tenant, in hours of UTC; filter by tenant_id';

-- A batch of events that was sent with a key counts once, however often it is sent.
CREATE TABLE IF NOT EXISTS scheduler.ttfs_event_batches (
    tenant_id UUID NOT NULL,
    idempotency_key TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    event_count INT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    PRIMARY KEY (tenant_id, idempotency_key)
);
CREATE INDEX IF NOT EXISTS ttfs_event_batches_created ON scheduler.ttfs_event_batches (created_at);
COMMENT ON TABLE scheduler.ttfs_event_batches IS 'Keys of batches of events that were stored, for retries';

-- What was seen of failures, before and behind the signatures that were learned from it. decayed_samples loses half of itself in each half-life.
CREATE TABLE IF NOT EXISTS scheduler.failure_signature_learning (
    tenant_id UUID NOT NULL,
    signature_hash TEXT NOT NULL,
    sample_count INT NOT NULL,
    decayed_samples DOUBLE PRECISION NOT NULL,
    observed_at TIMESTAMPTZ NOT NULL,
    signature_id UUID REFERENCES scheduler.failure_signatures (id) ON DELETE SET NULL,
    PRIMARY KEY (tenant_id, signature_hash)
);
CREATE INDEX IF NOT EXISTS failure_signature_learning_observed ON scheduler.failure_signature_learning (observed_at);
CREATE INDEX IF NOT EXISTS failure_signature_learning_signature ON scheduler.failure_signature_learning (signature_id);
COMMENT ON TABLE scheduler.failure_signature_learning IS 'Failures observed by pattern; signature_id is the signature learned from them';

CREATE TABLE IF NOT EXISTS scheduler.ttfs_retention_runs (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    started_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ,
    origin TEXT NOT NULL CHECK (origin IN ('schedule', 'request')),
    outcome TEXT NOT NULL CHECK (outcome IN ('running', 'complete', 'partial', 'failed')),
    rows_by_table JSONB NOT NULL DEFAULT '{}'
);
CREATE INDEX IF NOT EXISTS ttfs_retention_runs_started ON scheduler.ttfs_retention_runs (started_at DESC);
COMMENT ON TABLE scheduler.ttfs_retention_runs IS 'Runs of the retention: partial when its time was over before its work';

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'weir_signal_reader') THEN
        GRANT SELECT ON scheduler.ttfs_rollup_hours, scheduler.ttfs_rollup_days, scheduler.ttfs_rollup_deltas,
            scheduler.ttfs_hourly_summary_by_tenant, scheduler.ttfs_retention_runs TO weir_signal_reader;
    END IF;
END
$$;
