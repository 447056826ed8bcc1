-- Goes on from failures_named.sql. Grain: one row a window, finding and pattern in which any payment
-- failed, of the $patterns that are named; and one a window and finding (pattern NULL). Table:
-- windows (as in performance.sql). Parameter: $bucket_us. Cost: that of the folds.
, buckets AS (
    SELECT
        finding,
        CASE WHEN list_contains(CAST($patterns AS VARCHAR[]), pattern) THEN pattern END AS pattern,
        epoch_us(created_at) // $bucket_us AS bucket,
        count(*) AS count
    FROM named
    GROUP BY ALL
)
SELECT
    windows.window_start,
    buckets.finding,
    buckets.pattern,
    CAST(sum(buckets.count) AS BIGINT) AS count
FROM buckets
JOIN windows ON buckets.bucket >= windows.first_bucket AND buckets.bucket < windows.next_bucket
GROUP BY GROUPING SETS (
    (windows.window_start, buckets.finding, buckets.pattern),
    (windows.window_start, buckets.finding)
)
HAVING buckets.pattern IS NOT NULL OR grouping(buckets.pattern) = 1
ORDER BY windows.window_start, buckets.finding, buckets.pattern NULLS FIRST
