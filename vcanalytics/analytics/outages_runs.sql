-- Goes on from a table expression ``checks``: one row a check of a ``series``, when it was ``seen_at``,
-- whether it was ``bad``, and what it ``said``. Grain: one row a run of at least $least bad checks of
-- one series, one after the other, none longer than $apart after the one before. ``good_at`` is the
-- next good check of the series, NULL where none came. Parameters: $least, $apart, $limit. Cost: the
-- order of the checks; of good ones only those that end a run are looked at further.
, beside AS (
    SELECT
        *,
        lag(bad) OVER before AS was_bad,
        seen_at - lag(seen_at) OVER before AS waited
    FROM checks
    WINDOW before AS (PARTITION BY series ORDER BY seen_at, bad)
),
ends AS (
    SELECT
        *,
        min(seen_at) FILTER (WHERE NOT bad) OVER (
            PARTITION BY series ORDER BY seen_at, bad
            ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ) AS good_at
    FROM beside
    WHERE bad OR was_bad
),
placed AS (
    SELECT
        *,
        count(*) FILTER (WHERE NOT bad OR waited > $apart)
            OVER (PARTITION BY series ORDER BY seen_at, bad ROWS UNBOUNDED PRECEDING) AS run
    FROM ends
)
SELECT
    series,
    min(seen_at) AS first_at,
    max(seen_at) AS last_at,
    count(*) AS count,
    arg_max(said, seen_at) AS said,
    min(good_at) AS good_at
FROM placed
WHERE bad
GROUP BY series, run
HAVING count(*) >= $least
ORDER BY first_at, series
LIMIT $limit
