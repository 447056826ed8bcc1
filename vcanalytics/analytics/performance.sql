-- Grain: one row a window, also where nothing was measured. Tables: requests; windows
-- (window_start, window_end, window_label, first_bucket, next_bucket, complete), made in Python.
-- Parameters: $kind, $endpoint (one alone, or NULL), $from, $to (by happened_at), $fine: statuses
-- that are no errors, $bucket_us. Percentiles interpolate between the neighbouring ranks.
WITH measured AS (
    SELECT
        epoch_us(happened_at) // $bucket_us AS bucket,
        value_ms,
        status NOT IN $fine AS failed
    FROM requests
    WHERE
        kind = $kind
        AND happened_at >= $from AND happened_at < $to
        AND ($endpoint IS NULL OR endpoint = $endpoint)
),
placed AS (
    SELECT slots.bucket, windows.window_start
    FROM (SELECT DISTINCT bucket FROM measured) AS slots
    JOIN windows
        ON slots.bucket >= windows.first_bucket AND slots.bucket < windows.next_bucket
),
figures AS (
    SELECT
        placed.window_start,
        count(*) AS count,
        count(*) FILTER (WHERE failed) AS errors,
        favg(value_ms) AS mean_ms,
        quantile_cont(value_ms, 0.5) AS p50_ms,
        quantile_cont(value_ms, 0.95) AS p95_ms,
        quantile_cont(value_ms, 0.99) AS p99_ms,
        max(value_ms) AS max_ms
    FROM measured
    JOIN placed ON placed.bucket = measured.bucket
    GROUP BY placed.window_start
)
SELECT
    windows.window_start,
    windows.window_end,
    windows.window_label,
    coalesce(figures.count, 0) AS count,
    coalesce(figures.errors, 0) AS errors,
    CAST(figures.errors AS DOUBLE) / figures.count AS error_rate,
    figures.mean_ms,
    figures.p50_ms,
    figures.p95_ms,
    figures.p99_ms,
    figures.max_ms,
    windows.complete,
    'exact' AS method,
    CAST(0 AS DOUBLE) AS error_bound
FROM windows
LEFT JOIN figures ON figures.window_start = windows.window_start
ORDER BY windows.window_start
