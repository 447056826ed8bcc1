-- Grain: one row a strategy of vectorising; NULL where none was recorded. Table: activity.
-- Parameters: $from, $to (by happened_at), $vectorisation: the kind, $records: what they are
-- recorded in.
SELECT
    strategy,
    count(*) AS count,
    count(*) FILTER (WHERE outcome = 'failed') AS failed,
    CAST(count(*) FILTER (WHERE outcome = 'failed') AS DOUBLE) / count(*) AS failure_rate,
    avg(duration_ms) AS mean_ms,
    quantile_cont(duration_ms, 0.5) AS p50_ms,
    quantile_cont(duration_ms, 0.95) AS p95_ms,
    quantile_cont(duration_ms, 0.99) AS p99_ms,
    max(duration_ms) AS max_ms,
    avg(size_bytes) AS mean_size_bytes
FROM activity
WHERE
    kind = $vectorisation
    AND list_contains(CAST($records AS VARCHAR[]), source)
    AND happened_at >= $from
    AND happened_at < $to
GROUP BY strategy
ORDER BY count DESC, strategy NULLS LAST
