-- Grain: one row a host and disk: how full, and the straight line through how full it was. Tables:
-- system: samples that no cell stands for, also all hot ones; hours: cells of the hours in hour_slots
-- (cell_at). Parameters: $measure, $from, $to (by happened_at), $hosts: those alone, or NULL. Samples
-- are put together by the hour first: the line is the same for an even rhythm, and sums of few numbers
-- stay exact. An hour of which some is a cell and some is not is put together as well.
WITH parts AS (
    SELECT
        host,
        item,
        epoch_us(happened_at) // 3600000000 AS hour,
        sum(value) AS total,
        count(*) AS count,
        sum(epoch_us(happened_at) - epoch_us($from)) AS after_us,
        max(happened_at) AS last_at
    FROM system
    WHERE
        measure = $measure
        AND happened_at >= $from
        AND happened_at < $to
        AND ($hosts IS NULL OR list_contains(CAST($hosts AS VARCHAR[]), host))
    GROUP BY host, item, hour
    UNION ALL
    SELECT
        hours.host,
        hours.item,
        epoch_us(hours.cell_at) // 3600000000,
        hours.total,
        hours.count,
        hours.after_us + (epoch_us(hours.cell_at) - epoch_us($from)) * hours.count,
        hours.last_at
    FROM hours
    JOIN hour_slots ON hour_slots.cell_at = hours.cell_at
    WHERE
        hours.measure = $measure
        AND ($hosts IS NULL OR list_contains(CAST($hosts AS VARCHAR[]), hours.host))
),
by_hour AS (
    SELECT
        host,
        item,
        sum(total) / sum(count) AS percent,
        CAST(sum(after_us) AS DOUBLE) / sum(count) / 86400000000 AS days,
        max(last_at) AS last_at
    FROM parts
    GROUP BY host, item, hour
),
lines AS (
    SELECT
        host,
        item,
        regr_slope(percent, days) AS percent_per_d,
        max(days) - min(days) AS days,
        max(last_at) AS happened_at
    FROM by_hour
    GROUP BY host, item
),
ends AS (
    SELECT host, item, happened_at AS last_at, value AS last
    FROM system
    WHERE measure = $measure AND happened_at >= $from AND happened_at < $to
    UNION ALL
    SELECT hours.host, hours.item, hours.last_at, hours.last
    FROM hours
    JOIN hour_slots ON hour_slots.cell_at = hours.cell_at
    WHERE hours.measure = $measure
)
SELECT
    lines.host,
    lines.item,
    max(ends.last) AS percent,
    lines.happened_at,
    lines.percent_per_d,
    lines.days
FROM lines
JOIN ends
    ON ends.host = lines.host AND ends.item = lines.item AND ends.last_at = lines.happened_at
GROUP BY lines.host, lines.item, lines.happened_at, lines.percent_per_d, lines.days
ORDER BY lines.host, lines.item
