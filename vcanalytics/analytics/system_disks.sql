-- Grain: one row a host and disk: how full, and the straight line through how full it was. Table:
-- system. Parameters: $measure, $from, $to (by happened_at), $hosts: those alone, or NULL.
-- Samples are put together by the hour first: the line is the same for an even rhythm, and sums of
-- few numbers stay exact. Cost: as system_windows.sql.
WITH hours AS (
    SELECT
        host,
        item,
        epoch_us(happened_at) // 3600000000 AS hour,
        avg(value) AS percent,
        avg(epoch_us(happened_at) - epoch_us($from)) / 86400000000 AS days,
        max(happened_at) AS last_at
    FROM system
    WHERE
        measure = $measure
        AND happened_at >= $from
        AND happened_at < $to
        AND ($hosts IS NULL OR list_contains(CAST($hosts AS VARCHAR[]), host))
    GROUP BY host, item, hour
),
lines AS (
    SELECT
        host,
        item,
        regr_slope(percent, days) AS percent_per_d,
        max(days) - min(days) AS days,
        max(last_at) AS happened_at
    FROM hours
    GROUP BY host, item
)
SELECT
    lines.host,
    lines.item,
    max(system.value) AS percent,
    lines.happened_at,
    lines.percent_per_d,
    lines.days
FROM lines
JOIN system
    ON system.host = lines.host
    AND system.item = lines.item
    AND system.happened_at = lines.happened_at
WHERE system.measure = $measure AND system.happened_at >= $from AND system.happened_at < $to
GROUP BY lines.host, lines.item, lines.happened_at, lines.percent_per_d, lines.days
ORDER BY lines.host, lines.item
