-- Grain: one row an endpoint. Cost: a sort of every sample of the range.
WITH ranked AS (
    SELECT
        endpoint,
        value,
        status,
        row_number() OVER (PARTITION BY endpoint ORDER BY value) - 1 AS place,
        count(*) OVER (PARTITION BY endpoint) - 1 AS last_place
    FROM performance_metrics
    WHERE metric_type = 'request_time' AND timestamp >= $from AND timestamp < $to
)
SELECT
    endpoint,
    count(*) AS count,
    sum(CASE WHEN status NOT IN ('success', 'healthy') THEN 1 ELSE 0 END) AS errors,
    avg(value) AS mean_ms,
    max(CASE WHEN place <= 0.5 * last_place THEN value END) AS p50_ms,
    max(CASE WHEN place <= 0.95 * last_place THEN value END) AS p95_ms,
    max(CASE WHEN place <= 0.99 * last_place THEN value END) AS p99_ms,
    max(value) AS max_ms
FROM ranked
GROUP BY endpoint
ORDER BY p95_ms DESC
