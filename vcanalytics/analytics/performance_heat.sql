-- Grain: one row a window and band of time taken in which anything lies. Tables: requests; windows
-- (as in performance.sql); bands (above_ms, low_ms, high_ms), parted so that every value lies in one.
-- Parameters: as in performance.sql. Rows are counted by bucket first, so that few are joined.
WITH measured AS (
    SELECT epoch_us(happened_at) // $bucket_us AS bucket, value_ms
    FROM requests
    WHERE
        kind = $kind
        AND happened_at >= $from AND happened_at < $to
        AND ($endpoint IS NULL OR endpoint = $endpoint)
),
banded AS (
    SELECT measured.bucket, bands.low_ms, bands.high_ms, count(*) AS count
    FROM measured
    JOIN bands ON measured.value_ms > bands.above_ms AND measured.value_ms <= bands.high_ms
    GROUP BY measured.bucket, bands.low_ms, bands.high_ms
)
SELECT
    windows.window_start,
    windows.window_end,
    windows.window_label,
    banded.low_ms,
    banded.high_ms,
    CAST(sum(banded.count) AS BIGINT) AS count
FROM banded
JOIN windows
    ON banded.bucket >= windows.first_bucket AND banded.bucket < windows.next_bucket
GROUP BY
    windows.window_start, windows.window_end, windows.window_label, banded.low_ms, banded.high_ms
ORDER BY windows.window_start, banded.low_ms
