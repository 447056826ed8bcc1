-- Grain: one row an endpoint. Cost: every sample of the range.
SELECT
    endpoint,
    count(*) AS count,
    count(*) FILTER (WHERE status NOT IN ('success', 'healthy')) AS errors,
    avg(value) AS mean_ms,
    quantile_cont(value, [0.5, 0.95, 0.99]) AS p50_p95_p99_ms,
    max(value) AS max_ms
FROM performance_metrics
WHERE metric_type = 'request_time' AND timestamp >= $from AND timestamp < $to
GROUP BY endpoint
ORDER BY max_ms DESC
