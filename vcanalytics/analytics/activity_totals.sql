-- Goes on from activity.sql. Grain: one row in all, also where nothing happened.
-- Parameters: $sign_up, $sign_in, $vectorisation: kinds; $records: what vectorisations are recorded
-- in (another table tells of them too, at times of its own).
, happened AS (
    SELECT
        *,
        kind = $vectorisation AND list_contains(CAST($records AS VARCHAR[]), source) AS recorded
    FROM events
),
counted AS (
    SELECT
        count(DISTINCT person) AS people,
        count(*) AS events,
        count(*) FILTER (WHERE kind = $sign_up) AS sign_ups,
        count(*) FILTER (WHERE kind = $sign_in) AS sign_ins,
        count(*) FILTER (WHERE recorded) AS vectorisations,
        count(*) FILTER (WHERE recorded AND outcome = 'failed') AS failed
    FROM happened
)
SELECT *, CAST(failed AS DOUBLE) / nullif(vectorisations, 0) AS failure_rate
FROM counted
