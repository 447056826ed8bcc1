-- Goes on from activity.sql. Grain: one row a window, also where nothing happened. Table: windows
-- (window_start, window_end, window_label, first_bucket, next_bucket, complete), made in Python.
-- Parameters: $bucket_us; $sign_up, $sign_in, $vectorisation: kinds; $records: what vectorisations
-- are recorded in (another table tells of them too, at times of its own).
, happened AS (
    SELECT
        epoch_us(happened_at) // $bucket_us AS bucket,
        person,
        kind,
        outcome,
        kind = $vectorisation AND list_contains(CAST($records AS VARCHAR[]), source) AS recorded
    FROM events
),
counted AS (
    SELECT
        windows.window_start,
        count(DISTINCT happened.person) AS people,
        count(*) AS events,
        count(*) FILTER (WHERE happened.kind = $sign_up) AS sign_ups,
        count(*) FILTER (WHERE happened.kind = $sign_in) AS sign_ins,
        count(*) FILTER (WHERE happened.recorded) AS vectorisations,
        count(*) FILTER (WHERE happened.recorded AND happened.outcome = 'failed') AS failed
    FROM happened
    JOIN windows
        ON happened.bucket >= windows.first_bucket AND happened.bucket < windows.next_bucket
    GROUP BY windows.window_start
)
SELECT
    windows.window_start,
    windows.window_end,
    windows.window_label,
    coalesce(counted.people, 0) AS people,
    coalesce(counted.events, 0) AS events,
    coalesce(counted.sign_ups, 0) AS sign_ups,
    coalesce(counted.sign_ins, 0) AS sign_ins,
    coalesce(counted.vectorisations, 0) AS vectorisations,
    coalesce(counted.failed, 0) AS failed,
    CAST(counted.failed AS DOUBLE) / nullif(counted.vectorisations, 0) AS failure_rate,
    windows.complete
FROM windows
LEFT JOIN counted ON counted.window_start = windows.window_start
ORDER BY windows.window_start
