-- Grain: one row a host and measure. Table: system. Parameters: $measures, $since, $until.
-- Cost: some minutes of samples, all of them hot; 1-2 ms.
SELECT
    host,
    measure,
    avg(value) AS mean,
    min(happened_at) AS first_at,
    max(happened_at) AS happened_at
FROM system
WHERE
    happened_at >= $since
    AND happened_at < $until
    AND item = ''
    AND list_contains(CAST($measures AS VARCHAR[]), measure)
GROUP BY host, measure
ORDER BY host, measure
