-- Grain: one row a series (host, measure, item) of which anything was measured and a window, also
-- where nothing was in it. Tables: system: samples that no cell stands for, also all hot ones; hours,
-- hours_buckets, days, days_buckets: cells (store/cells); hour_slots, day_slots (cell_at, slot);
-- windows (slot, window_start, window_end, window_label, first_bucket, next_bucket, complete).
-- Parameters: $measures; $hosts, $items: those alone, or NULL; $from, $to (by happened_at);
-- $bucket_us. Rows are put together by bucket first, once, so that few are joined.
WITH buckets AS MATERIALIZED (
    SELECT
        host,
        measure,
        item,
        epoch_us(happened_at) // $bucket_us AS bucket,
        fsum(value) AS total, -- so that the order of the rows does not matter
        count(*) AS samples,
        min(value) AS least,
        max(value) AS most
    FROM system
    WHERE
        happened_at >= $from
        AND happened_at < $to
        AND list_contains(CAST($measures AS VARCHAR[]), measure)
        AND ($hosts IS NULL OR list_contains(CAST($hosts AS VARCHAR[]), host))
        AND ($items IS NULL OR list_contains(CAST($items AS VARCHAR[]), item))
    GROUP BY host, measure, item, bucket
),
parts AS (
    SELECT
        windows.slot,
        buckets.host,
        buckets.measure,
        buckets.item,
        buckets.samples,
        buckets.total,
        CAST(0 AS DOUBLE) AS rest,
        buckets.least,
        buckets.most
    FROM buckets
    JOIN windows
        ON buckets.bucket >= windows.first_bucket AND buckets.bucket < windows.next_bucket
    UNION ALL
    SELECT
        hour_slots.slot, hours.host, hours.measure, hours.item,
        hours.count, hours.total, hours.rest, hours.least, hours.most
    FROM hours
    JOIN hour_slots ON hour_slots.cell_at = hours.cell_at
    WHERE
        list_contains(CAST($measures AS VARCHAR[]), hours.measure)
        AND ($hosts IS NULL OR list_contains(CAST($hosts AS VARCHAR[]), hours.host))
        AND ($items IS NULL OR list_contains(CAST($items AS VARCHAR[]), hours.item))
    UNION ALL
    SELECT
        day_slots.slot, days.host, days.measure, days.item,
        days.count, days.total, days.rest, days.least, days.most
    FROM days
    JOIN day_slots ON day_slots.cell_at = days.cell_at
    WHERE
        list_contains(CAST($measures AS VARCHAR[]), days.measure)
        AND ($hosts IS NULL OR list_contains(CAST($hosts AS VARCHAR[]), days.host))
        AND ($items IS NULL OR list_contains(CAST($items AS VARCHAR[]), days.item))
),
figures AS (
    SELECT
        host,
        measure,
        item,
        slot,
        (fsum(total) + fsum(rest)) / sum(samples) AS mean,
        min(least) AS least,
        max(most) AS most,
        sum(samples) AS samples
    FROM parts
    GROUP BY host, measure, item, slot
),
series AS (
    SELECT DISTINCT host, measure, item FROM figures
)
SELECT
    series.host,
    series.measure,
    series.item,
    windows.window_start,
    windows.window_end,
    windows.window_label,
    figures.mean,
    figures.least,
    figures.most,
    CAST(coalesce(figures.samples, 0) AS BIGINT) AS samples,
    windows.complete
FROM series
CROSS JOIN windows
LEFT JOIN figures
    ON figures.host = series.host
    AND figures.measure = series.measure
    AND figures.item = series.item
    AND figures.slot = windows.slot
ORDER BY series.host, series.measure, series.item, windows.window_start
