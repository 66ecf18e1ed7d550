-- The demonstration's sample of event statistics: invented, and marked by environment = 'weir-demo' in every row.
-- Runs of the last seven days, three jobs each; every seventh run failed, some jobs were killed or skipped.
INSERT INTO public.public_cps_za_runs
    (event_id, job_ref, tenant_id, source_app, source_app_version, environment, timestamp_start, timestamp_end)
SELECT
    'weir-demo-' || n,
    'nightly-' || n % 6,
    'demo-' || n % 3,
    (ARRAY['ingest', 'billing', 'reports'])[1 + n % 3],
    '1.' || n % 4,
    'weir-demo',
    started,
    started + 20000 + (n * 7919) % 400000
FROM generate_series(1, 420) AS n,
    LATERAL (SELECT (extract(EPOCH FROM now()) * 1000)::bigint - n * 1435000::bigint AS started) AS times
WHERE NOT EXISTS (SELECT 1 FROM public.public_cps_za_runs WHERE environment = 'weir-demo');

INSERT INTO public.public_cps_za_runs_jobs
    (event_id, country, catalog_id, status, timestamp_start, timestamp_end, message, additional_info)
SELECT
    runs.event_id,
    (ARRAY['DE', 'ZA', 'CZ', 'FR'])[1 + (number + job) % 4],
    (ARRAY['orders', 'payments', 'customers', 'stock', 'web_clicks'])[1 + (number * 3 + job) % 5],
    CASE
        WHEN number % 7 = 0 AND job = 2 THEN 'failed'
        WHEN number % 41 = 0 THEN 'killed'
        WHEN number % 23 = 0 AND job = 0 THEN 'skipped'
        ELSE 'succeeded'
    END,
    runs.timestamp_start + job * 5000,
    runs.timestamp_start + job * 5000 + 4000 + (number * 104729 + job * 7919) % 90000,
    CASE WHEN number % 7 = 0 AND job = 2
        THEN (ARRAY['no data for the day', 'timeout while reading', 'disk full'])[1 + number % 3] END,
    '{"sample": "weir-demo"}'
FROM public.public_cps_za_runs AS runs,
    LATERAL (SELECT split_part(runs.event_id, '-', 3)::int AS number) AS numbers,
    generate_series(0, 2) AS job
WHERE runs.environment = 'weir-demo'
    AND NOT EXISTS (SELECT 1 FROM public.public_cps_za_runs_jobs AS jobs WHERE jobs.event_id = runs.event_id);

-- Jobs with attempts: every fifth was tried again, some still run.
INSERT INTO public.public_cps_za_status_change_aggregated_job
    (job_id, initial_job_id, job_ref, job_name, tenant_id, country, source_app, environment, platform,
     attempt_number, status_type, status_detail, created_at, started_at, finished_at, last_updated_at)
SELECT
    md5('weir-demo-' || n || '-' || attempt)::uuid,
    md5('weir-demo-' || n || '-1')::uuid,
    'weir-demo-' || n,
    (ARRAY['load orders', 'close the day', 'train model'])[1 + n % 3],
    'demo-' || n % 3,
    (ARRAY['DE', 'ZA', 'CZ', 'FR'])[1 + n % 4],
    'scheduler',
    'weir-demo',
    'spark',
    attempt,
    CASE WHEN attempt < attempts THEN 'FAILED' WHEN n % 11 = 0 THEN 'RUNNING' ELSE 'SUCCEEDED' END,
    CASE WHEN attempt < attempts THEN 'lost its executor' END,
    created,
    created + interval '20 seconds',
    CASE WHEN attempt = attempts AND n % 11 = 0 THEN NULL ELSE created + interval '9 minutes' END,
    created + interval '9 minutes'
FROM generate_series(1, 90) AS n,
    LATERAL (SELECT CASE WHEN n % 5 = 0 THEN 1 + n % 3 ELSE 1 END AS attempts) AS counts,
    generate_series(1, attempts) AS attempt,
    LATERAL (SELECT now() - n * interval '40 minutes' + attempt * interval '10 minutes' AS created) AS times
WHERE NOT EXISTS (
    SELECT 1 FROM public.public_cps_za_status_change_aggregated_job WHERE environment = 'weir-demo');
