-- Goes on from activity.sql. Grain: one row in all, also where nothing happened.
-- Parameters: $sign_up, $sign_in: kinds; $uploads: the table that is the record of vectorisations
-- (another tells of them too, at times of its own).
, counted AS (
    SELECT
        count(DISTINCT person) AS people,
        count(*) AS events,
        count(*) FILTER (WHERE kind = $sign_up) AS sign_ups,
        count(*) FILTER (WHERE kind = $sign_in) AS sign_ins,
        count(*) FILTER (WHERE source = $uploads) AS vectorisations,
        count(*) FILTER (WHERE source = $uploads AND outcome = 'failed') AS failed
    FROM events
)
SELECT *, CAST(failed AS DOUBLE) / nullif(vectorisations, 0) AS failure_rate
FROM counted
