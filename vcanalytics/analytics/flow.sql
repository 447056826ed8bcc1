-- Grain: one row a step from a state to the next, the most frequent first.
-- Table: versions (every kept version of payments). Parameters: $from, $to (by created_at of the
-- newest version), $samples (a regular expression for ids of samples, or NULL), $open: states that a
-- payment begins in. Cost: one pass over the versions of the range, and their sort by payment: a
-- month of 165,000 payments 0.17 s, a million 0.6 s.
-- A state's moment is the capture's where the source stamps it, the beginning for one that a payment
-- begins in, else when the console saw it; unknown for what was first read in a later state.
WITH numbered AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY transaction_id ORDER BY seq) AS nth,
        lag(status) OVER (PARTITION BY transaction_id ORDER BY seq) AS before,
        last_value(created_at) OVER (
            PARTITION BY transaction_id ORDER BY seq
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS begun_at,
        last_value(deleted) OVER (
            PARTITION BY transaction_id ORDER BY seq
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS gone
    FROM versions
    WHERE NOT coalesce(regexp_matches(transaction_id, CAST($samples AS VARCHAR)), false)
),
entered AS (
    SELECT
        transaction_id,
        nth,
        begun_at,
        status,
        CASE
            WHEN nth = 1 AND list_contains(CAST($open AS VARCHAR[]), status) THEN begun_at
            WHEN status = 'completed' THEN coalesce(completed_at, if(nth = 1, NULL, observed_at))
            WHEN nth = 1 THEN NULL
            ELSE observed_at
        END AS entered_at
    FROM numbered
    WHERE NOT gone AND (nth = 1 OR status IS DISTINCT FROM before)
        AND begun_at >= $from AND begun_at < $to
),
steps AS (
    SELECT
        coalesce(lag(status) OVER of_one, 'begun') AS from_status,
        status AS to_status,
        entered_at - coalesce(
            lag(entered_at) OVER of_one, if(lag(status) OVER of_one IS NULL, begun_at, NULL)
        ) AS took,
        nth = 1 AND list_contains(CAST($open AS VARCHAR[]), status) AS beginning
    FROM entered
    WINDOW of_one AS (PARTITION BY transaction_id ORDER BY nth)
),
timed AS (
    SELECT from_status, to_status, if(took >= INTERVAL 0 SECOND, epoch(took), NULL) AS took_s
    FROM steps
    WHERE NOT beginning
)
SELECT
    from_status,
    to_status,
    count(*) AS count,
    count(took_s) AS timed,
    quantile_cont(took_s, 0.5) AS p50_s,
    quantile_cont(took_s, 0.95) AS p95_s
FROM timed
GROUP BY from_status, to_status
ORDER BY count DESC, from_status, to_status
