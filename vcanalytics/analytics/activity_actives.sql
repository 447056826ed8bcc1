-- Goes on from activity.sql, whose range begins $month days before the first day asked for. Grain:
-- one row a day asked for. Table: days (number, window_start, window_end, window_label,
-- first_bucket, next_bucket, complete, asked): the local days of the range in their order, made in
-- Python. Parameters: $bucket_us; $week, $month: lengths in days, a day's own counted.
-- A person seen on a day counts as a week's until $week days later, or until seen again: so much is
-- added on one day and taken away on another, and the sums over all days before are the actives.
, seen AS (
    SELECT DISTINCT days.number, events.person
    FROM events
    JOIN days
        ON epoch_us(events.happened_at) // $bucket_us >= days.first_bucket
        AND epoch_us(events.happened_at) // $bucket_us < days.next_bucket
    WHERE events.person IS NOT NULL
),
following AS (
    SELECT number, lead(number) OVER (PARTITION BY person ORDER BY number) AS next_number
    FROM seen
),
changes AS (
    SELECT number, 1 AS people, 1 AS week, 1 AS month FROM following
    UNION ALL
    SELECT least(number + $week, coalesce(next_number, number + $week)), 0, -1, 0 FROM following
    UNION ALL
    SELECT least(number + $month, coalesce(next_number, number + $month)), 0, 0, -1 FROM following
),
by_day AS (
    SELECT
        days.number,
        sum(coalesce(changes.people, 0)) AS people,
        sum(coalesce(changes.week, 0)) AS week,
        sum(coalesce(changes.month, 0)) AS month
    FROM days
    LEFT JOIN changes ON changes.number = days.number
    GROUP BY days.number
),
running AS (
    SELECT
        number,
        people,
        sum(week) OVER (ORDER BY number) AS week_people,
        sum(month) OVER (ORDER BY number) AS month_people
    FROM by_day
)
SELECT
    days.window_start,
    days.window_end,
    days.window_label,
    CAST(running.people AS BIGINT) AS day_people,
    CAST(running.week_people AS BIGINT) AS week_people,
    CAST(running.month_people AS BIGINT) AS month_people,
    CAST(running.people AS DOUBLE) / nullif(running.month_people, 0) AS stickiness,
    days.complete
FROM days
JOIN running ON running.number = days.number
WHERE days.asked
ORDER BY days.number
