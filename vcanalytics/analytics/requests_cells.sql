-- Opens every question about requests from cells; the question goes on with ", name AS (" or SELECT
-- ... FROM figures, spread (slot, name, bucket, band, count).
-- Tables: requests: rows that no cell stands for, also all hot ones; hours, hours_buckets, days,
-- days_buckets: cells (store/cells.py); hour_slots, day_slots (cell_at, slot): which cells are asked
-- for, and in which window they lie; windows (slot, first_bucket, next_bucket): windows for rows;
-- edges (bucket, edge_ms): where a band ends within a bucket; bands (band, low_ms, high_ms, first_key,
-- last_key): which buckets, or parts of them, a band holds.
-- Parameters: $by: what rows are put together by, `endpoint`, `kind` or `window`; $kind, $endpoint:
-- one alone, or NULL; $from, $to (by happened_at); $bucket_us; $fine: statuses that are no errors;
-- those of model/buckets.py, which numbers buckets in the same steps.
WITH raw AS MATERIALIZED (
    SELECT
        epoch_us(happened_at) // $bucket_us AS place,
        CASE $by WHEN 'endpoint' THEN endpoint WHEN 'kind' THEN kind END AS name,
        value_ms,
        status NOT IN $fine AS failed
    FROM requests
    WHERE
        happened_at >= $from AND happened_at < $to
        AND ($kind IS NULL OR kind = $kind)
        AND ($endpoint IS NULL OR endpoint = $endpoint)
),
places AS (
    SELECT slots.place, windows.slot
    FROM (SELECT DISTINCT place FROM raw) AS slots
    JOIN windows ON slots.place >= windows.first_bucket AND slots.place < windows.next_bucket
),
figures AS (
    SELECT
        places.slot,
        raw.name,
        count(*) AS count,
        count(*) FILTER (WHERE raw.failed) AS errors,
        fsum(raw.value_ms) AS total,
        CAST(0 AS DOUBLE) AS rest,
        min(raw.value_ms) AS least,
        max(raw.value_ms) AS most
    FROM raw
    JOIN places ON places.place = raw.place
    GROUP BY places.slot, raw.name
    UNION ALL
    SELECT
        hour_slots.slot,
        CASE $by WHEN 'endpoint' THEN hours.endpoint WHEN 'kind' THEN hours.kind END,
        hours.count, hours.errors, hours.total, hours.rest, hours.least, hours.most
    FROM hours
    JOIN hour_slots ON hour_slots.cell_at = hours.cell_at
    WHERE
        ($kind IS NULL OR hours.kind = $kind)
        AND ($endpoint IS NULL OR hours.endpoint = $endpoint)
    UNION ALL
    SELECT
        day_slots.slot,
        CASE $by WHEN 'endpoint' THEN days.endpoint WHEN 'kind' THEN days.kind END,
        days.count, days.errors, days.total, days.rest, days.least, days.most
    FROM days
    JOIN day_slots ON day_slots.cell_at = days.cell_at
    WHERE
        ($kind IS NULL OR days.kind = $kind)
        AND ($endpoint IS NULL OR days.endpoint = $endpoint)
),
numbered AS (
    SELECT
        place,
        name,
        value_ms,
        CASE
            WHEN value_ms = 0 THEN 0
            WHEN value_ms > $largest THEN $beyond
            WHEN value_ms < -$largest THEN -$beyond
            WHEN value_ms > 0
                THEN CAST($first + ceil(ln(value_ms) / $log_width) AS INTEGER)
            ELSE -CAST($first + ceil(ln(-value_ms) / $log_width) AS INTEGER)
        END AS bucket
    FROM raw
),
few AS (
    SELECT
        numbered.place,
        numbered.name,
        numbered.bucket,
        CASE WHEN numbered.value_ms > edges.edge_ms THEN 1 ELSE 0 END AS above,
        count(*) AS count
    FROM numbered
    LEFT JOIN edges ON edges.bucket = numbered.bucket
    GROUP BY numbered.place, numbered.name, numbered.bucket, above
),
spread AS (
    SELECT places.slot, few.name, few.bucket, bands.band, sum(few.count) AS count
    FROM few
    JOIN places ON places.place = few.place
    JOIN bands
        ON 2 * few.bucket + few.above >= bands.first_key
        AND 2 * few.bucket + few.above <= bands.last_key
    GROUP BY places.slot, few.name, few.bucket, bands.band
    UNION ALL
    SELECT
        hour_slots.slot,
        CASE $by WHEN 'endpoint' THEN hours.endpoint WHEN 'kind' THEN hours.kind END AS name,
        hours.bucket,
        hours.band,
        sum(hours.count)
    FROM hours_buckets AS hours
    JOIN hour_slots ON hour_slots.cell_at = hours.cell_at
    WHERE
        ($kind IS NULL OR hours.kind = $kind)
        AND ($endpoint IS NULL OR hours.endpoint = $endpoint)
    GROUP BY hour_slots.slot, name, hours.bucket, hours.band
    UNION ALL
    SELECT
        day_slots.slot,
        CASE $by WHEN 'endpoint' THEN days.endpoint WHEN 'kind' THEN days.kind END AS name,
        days.bucket,
        days.band,
        sum(days.count)
    FROM days_buckets AS days
    JOIN day_slots ON day_slots.cell_at = days.cell_at
    WHERE
        ($kind IS NULL OR days.kind = $kind)
        AND ($endpoint IS NULL OR days.endpoint = $endpoint)
    GROUP BY day_slots.slot, name, days.bucket, days.band
)
