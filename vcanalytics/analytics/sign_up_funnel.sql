-- Goes on from activity.sql. Grain: one row a step, from signing up to paying. Table: attempts
-- (email, payer_email: trimmed and in lower case; created_at, captured, captured_at). Parameters:
-- $sign_up, $sign_in: kinds; $uploads: kinds of which any is an upload.
, reached AS (
    SELECT person, 1 AS step, true AS own FROM events WHERE kind = $sign_up
    UNION ALL
    SELECT person, 2, true FROM events WHERE kind = $sign_in
    UNION ALL
    SELECT person, 3, true FROM events WHERE list_contains(CAST($uploads AS VARCHAR[]), kind)
    UNION ALL
    SELECT email, 4, true FROM attempts WHERE created_at >= $from AND created_at < $to
    UNION ALL
    -- An account may stand under the payer's address where that is not the one typed.
    SELECT payer_email, 4, false FROM attempts WHERE created_at >= $from AND created_at < $to
    UNION ALL
    SELECT email, 5, true
    FROM attempts
    WHERE captured AND captured_at >= $from AND captured_at < $to
    UNION ALL
    SELECT payer_email, 5, false
    FROM attempts
    WHERE captured AND captured_at >= $from AND captured_at < $to
),
people AS (
    SELECT person, step, bool_or(own) AS own
    FROM reached
    WHERE person IS NOT NULL
    GROUP BY person, step
),
-- Who has taken every step before has taken as many steps as this one's number.
placed AS (
    SELECT step, own, row_number() OVER (PARTITION BY person ORDER BY step) = step AS in_turn
    FROM people
),
counted AS (
    SELECT
        step,
        count(*) FILTER (WHERE in_turn) AS people,
        count(*) FILTER (WHERE own) AS in_any_case
    FROM placed
    GROUP BY step
)
SELECT
    steps.name AS step,
    coalesce(counted.people, 0) AS people,
    coalesce(counted.in_any_case, 0) AS in_any_case
FROM (
    VALUES (1, 'signed_up'), (2, 'signed_in'), (3, 'uploaded'), (4, 'began'), (5, 'paid')
) AS steps (number, name)
LEFT JOIN counted ON counted.step = steps.number
ORDER BY steps.number
