-- Goes on from activity.sql. Grain: one row a step, from opening a checkout to the first upload.
-- Table: attempts (email, payer_email: trimmed and in lower case; created_at, at_paypal, captured,
-- user_created). Parameter: $uploads: kinds of which any is an upload.
, uploaded AS (
    SELECT DISTINCT person
    FROM events
    WHERE person IS NOT NULL AND list_contains(CAST($uploads AS VARCHAR[]), kind)
),
buyers AS (
    SELECT
        attempts.email AS person,
        bool_or(attempts.at_paypal) AS at_paypal,
        bool_or(attempts.captured) AS captured,
        bool_or(attempts.captured AND coalesce(attempts.user_created, false)) AS account,
        bool_or(
            attempts.captured
            AND coalesce(attempts.user_created, false)
            AND (
                attempts.email IN (SELECT person FROM uploaded)
                OR coalesce(attempts.payer_email IN (SELECT person FROM uploaded), false)
            )
        ) AS uploaded
    FROM attempts
    WHERE attempts.created_at >= $from AND attempts.created_at < $to
    GROUP BY attempts.email
),
counted AS (
    SELECT
        count(*) AS opened,
        count(*) FILTER (WHERE at_paypal) AS at_paypal,
        count(*) FILTER (WHERE captured) AS captured,
        count(*) FILTER (WHERE account) AS account,
        count(*) FILTER (WHERE uploaded) AS uploaded
    FROM buyers
),
steps AS (
    SELECT 1 AS number, 'opened' AS step, opened AS people FROM counted
    UNION ALL
    SELECT 2, 'at_paypal', at_paypal FROM counted
    UNION ALL
    SELECT 3, 'captured', captured FROM counted
    UNION ALL
    SELECT 4, 'account', account FROM counted
    UNION ALL
    SELECT 5, 'uploaded', uploaded FROM counted
)
SELECT step, people FROM steps ORDER BY number
