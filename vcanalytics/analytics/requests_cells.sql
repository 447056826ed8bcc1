-- What pieces of history come to. Grain: a row a piece (slot) and name, with bucket and band null, of
-- figures; and a row each of its buckets, parted by band, with the count alone. Sums stay by cell, a
-- row each, so that they can be added exactly.
-- Tables: requests: rows that no cell stands for; hours, hours_buckets, days, days_buckets: cells
-- (store/cells); hour_slots, day_slots (cell_at, slot): which cells are asked for, and in which
-- piece they lie; windows (slot, first_bucket, next_bucket): where pieces lie that rows answer;
-- edges (bucket, edge_ms): where a band ends within a bucket; bands (band, low_ms, high_ms, first_key,
-- last_key): which buckets, or parts of them, a band holds.
-- Parameters: $by: what rows are put together by, `endpoint`, `kind` or `window`; $kind, $endpoint:
-- one alone, or NULL; $from, $to (by happened_at); $bucket_us; $fine: statuses that are no errors;
-- those of model/buckets.py, which numbers buckets in the same steps.
-- Cost: what the files of the pieces hold of the kind; 90 days by the day, of 13 endpoints, 250 ms.
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
    SELECT places.slot, few.name, few.bucket, bands.band, few.count
    FROM few
    JOIN places ON places.place = few.place
    JOIN bands
        ON 2 * few.bucket + few.above >= bands.first_key
        AND 2 * few.bucket + few.above <= bands.last_key
    UNION ALL
    SELECT
        hour_slots.slot,
        CASE $by WHEN 'endpoint' THEN hours.endpoint WHEN 'kind' THEN hours.kind END AS name,
        hours.bucket,
        hours.band,
        hours.count
    FROM hours_buckets AS hours
    JOIN hour_slots ON hour_slots.cell_at = hours.cell_at
    WHERE
        ($kind IS NULL OR hours.kind = $kind)
        AND ($endpoint IS NULL OR hours.endpoint = $endpoint)
    UNION ALL
    SELECT
        day_slots.slot,
        CASE $by WHEN 'endpoint' THEN days.endpoint WHEN 'kind' THEN days.kind END AS name,
        days.bucket,
        days.band,
        days.count
    FROM days_buckets AS days
    JOIN day_slots ON day_slots.cell_at = days.cell_at
    WHERE
        ($kind IS NULL OR days.kind = $kind)
        AND ($endpoint IS NULL OR days.endpoint = $endpoint)
)
SELECT
    slot, name, CAST(NULL AS INTEGER) AS bucket, CAST(NULL AS INTEGER) AS band,
    count, errors, total, rest, least, most
FROM figures
UNION ALL
SELECT slot, name, bucket, band, CAST(sum(count) AS BIGINT), NULL, NULL, NULL, NULL, NULL
FROM spread
GROUP BY slot, name, bucket, band
