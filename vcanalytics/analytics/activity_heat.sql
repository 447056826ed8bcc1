-- Goes on from activity.sql. Grain: one row a weekday and hour of the wall clock, all 168. Table:
-- hours (weekday, hour, first_bucket, next_bucket): each hour of the range, made in Python; an hour
-- that a change of clocks repeats stands twice, one it skips not at all; cells (weekday, hour).
-- Parameter: $bucket_us.
, buckets AS (
    SELECT epoch_us(happened_at) // $bucket_us AS bucket, count(*) AS events
    FROM events
    GROUP BY bucket
),
filled AS (
    SELECT hours.weekday, hours.hour, sum(buckets.events) AS events
    FROM buckets
    JOIN hours ON buckets.bucket >= hours.first_bucket AND buckets.bucket < hours.next_bucket
    GROUP BY hours.weekday, hours.hour
),
lived AS (
    SELECT weekday, hour, count(*) AS hours FROM hours GROUP BY weekday, hour
)
SELECT
    cells.weekday,
    cells.hour,
    CAST(coalesce(filled.events, 0) AS BIGINT) AS events,
    coalesce(lived.hours, 0) AS hours
FROM cells
LEFT JOIN filled ON filled.weekday = cells.weekday AND filled.hour = cells.hour
LEFT JOIN lived ON lived.weekday = cells.weekday AND lived.hour = cells.hour
ORDER BY cells.weekday, cells.hour
