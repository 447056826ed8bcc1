-- Goes on from payments.sql; opens a question about runs (outages_runs.sql): captured payments by
-- when they were captured, bad where no mail is marked as sent and $grace is over. Parameters:
-- $from, $to (by captured_at), $as_of, $grace. Cost: the payments of the range.
, checks AS (
    SELECT
        '' AS series,
        captured_at AS seen_at,
        NOT coalesce(email_sent, true) AND captured_at < $as_of - $grace AS bad,
        '' AS said
    FROM payments
    WHERE
        status = 'completed'
        AND captured_at >= $from
        AND captured_at < $to
        -- Of those within the grace time nothing is known yet.
        AND (email_sent OR captured_at < $as_of - $grace)
)
