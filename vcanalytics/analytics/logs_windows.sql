-- Goes on from logs.sql. Grain: one row a window and level that occurs in the range, also where it
-- does not in the window. Table: windows (as in performance.sql). Parameter: $bucket_us.
, buckets AS (
    SELECT level, epoch_us(happened_at) // $bucket_us AS bucket, count(*) AS count
    FROM found
    GROUP BY level, bucket
),
counted AS (
    SELECT windows.window_start, buckets.level, sum(buckets.count) AS count
    FROM buckets
    JOIN windows
        ON buckets.bucket >= windows.first_bucket AND buckets.bucket < windows.next_bucket
    GROUP BY windows.window_start, buckets.level
),
levels AS (
    SELECT DISTINCT level FROM buckets
)
SELECT
    windows.window_start,
    windows.window_end,
    windows.window_label,
    levels.level,
    CAST(coalesce(counted.count, 0) AS BIGINT) AS count,
    windows.complete
FROM windows
CROSS JOIN levels
LEFT JOIN counted
    ON counted.window_start = windows.window_start AND counted.level = levels.level
ORDER BY windows.window_start, levels.level
