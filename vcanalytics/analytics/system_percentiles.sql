-- Grain: one row a series (host, measure, item) and window in which anything was sampled: its 95th
-- percentile, from buckets (model/buckets.py): both ranks it lies between, interpolated. Tables:
-- as system_windows.sql. Parameters: as there; those of model/buckets.py.
WITH raw AS (
    SELECT
        host,
        measure,
        item,
        epoch_us(happened_at) // $bucket_us AS place,
        CASE
            WHEN value = 0 THEN 0
            WHEN value > $largest THEN $beyond
            WHEN value < -$largest THEN -$beyond
            WHEN value > 0 THEN CAST($first + ceil(ln(value) / $log_width) AS INTEGER)
            ELSE -CAST($first + ceil(ln(-value) / $log_width) AS INTEGER)
        END AS bucket,
        count(*) AS count
    FROM system
    WHERE
        happened_at >= $from
        AND happened_at < $to
        AND list_contains(CAST($measures AS VARCHAR[]), measure)
        AND ($hosts IS NULL OR list_contains(CAST($hosts AS VARCHAR[]), host))
        AND ($items IS NULL OR list_contains(CAST($items AS VARCHAR[]), item))
    GROUP BY host, measure, item, place, bucket
),
parts AS (
    SELECT windows.slot, raw.host, raw.measure, raw.item, raw.bucket, raw.count
    FROM raw
    JOIN windows ON raw.place >= windows.first_bucket AND raw.place < windows.next_bucket
    UNION ALL
    SELECT
        hour_slots.slot, hours.host, hours.measure, hours.item, hours.bucket, hours.count
    FROM hours_buckets AS hours
    JOIN hour_slots ON hour_slots.cell_at = hours.cell_at
    WHERE
        list_contains(CAST($measures AS VARCHAR[]), hours.measure)
        AND ($hosts IS NULL OR list_contains(CAST($hosts AS VARCHAR[]), hours.host))
        AND ($items IS NULL OR list_contains(CAST($items AS VARCHAR[]), hours.item))
    UNION ALL
    SELECT day_slots.slot, days.host, days.measure, days.item, days.bucket, days.count
    FROM days_buckets AS days
    JOIN day_slots ON day_slots.cell_at = days.cell_at
    WHERE
        list_contains(CAST($measures AS VARCHAR[]), days.measure)
        AND ($hosts IS NULL OR list_contains(CAST($hosts AS VARCHAR[]), days.host))
        AND ($items IS NULL OR list_contains(CAST($items AS VARCHAR[]), days.item))
),
counts AS (
    SELECT slot, host, measure, item, bucket, sum(count) AS count
    FROM parts
    GROUP BY slot, host, measure, item, bucket
),
ranked AS (
    SELECT
        slot,
        host,
        measure,
        item,
        CASE
            WHEN bucket = 0 THEN 0
            WHEN abs(bucket) = $beyond THEN sign(bucket) * CAST('infinity' AS DOUBLE)
            ELSE
                sign(bucket) * exp(
                    least((abs(bucket) - $first) * $log_width + $log_middle, $log_largest)
                )
        END AS middle,
        sum(count) OVER (
            PARTITION BY slot, host, measure, item ORDER BY bucket ROWS UNBOUNDED PRECEDING
        ) AS upto,
        sum(count) OVER (PARTITION BY slot, host, measure, item) - 1 AS top
    FROM counts
),
ranks AS (
    SELECT
        slot,
        host,
        measure,
        item,
        min(middle) FILTER (WHERE upto > floor(0.95 * top)) AS low,
        min(middle) FILTER (WHERE upto > ceil(0.95 * top)) AS high,
        max(0.95 * top - floor(0.95 * top)) AS part
    FROM ranked
    GROUP BY slot, host, measure, item
)
SELECT
    windows.window_start,
    ranks.host,
    ranks.measure,
    ranks.item,
    CASE WHEN low = high OR part = 0 THEN low ELSE low + (high - low) * part END AS p95
FROM ranks
JOIN windows ON windows.slot = ranks.slot
ORDER BY ranks.host, ranks.measure, ranks.item, windows.window_start
