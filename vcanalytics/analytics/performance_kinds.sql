-- Grain: one row a kind of measurement. Table: requests. Parameters: $from, $to (by happened_at),
-- $fine: statuses that are no errors, $slow_ms: what counts as slow. Percentiles interpolate
-- between the neighbouring ranks.
SELECT
    kind,
    count(*) AS count,
    count(*) FILTER (WHERE status NOT IN $fine) AS errors,
    CAST(count(*) FILTER (WHERE status NOT IN $fine) AS DOUBLE) / count(*) AS error_rate,
    favg(value_ms) AS mean_ms,
    quantile_cont(value_ms, 0.5) AS p50_ms,
    quantile_cont(value_ms, 0.95) AS p95_ms,
    quantile_cont(value_ms, 0.99) AS p99_ms,
    max(value_ms) AS max_ms,
    count(*) FILTER (WHERE value_ms > $slow_ms) AS slow,
    'exact' AS method,
    CAST(0 AS DOUBLE) AS error_bound
FROM requests
WHERE happened_at >= $from AND happened_at < $to
GROUP BY kind
ORDER BY kind
