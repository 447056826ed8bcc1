-- Goes on from payments.sql, and opens questions about failed payments. Grain: ``found`` has one row
-- a payment that failed. Parameters: $since, $to (by created_at), $failed: statuses;
-- $captured_error: regular expression for whole messages, or NULL. ``finding`` is failed (the
-- contract's: not captured), or captured_but_failed where the message only comes after the capture,
-- as in reconcile.sql. ``customer`` is the payer's address, else the one typed, normalised; NULL
-- where there is neither. Cost: the payments of the range.
, marked AS (
    SELECT
        *,
        coalesce(error_message, '') AS message,
        coalesce(regexp_full_match(error_message, $captured_error), false) AS charged,
        coalesce(nullif(lower(trim(payer_email)), ''), nullif(lower(trim(email)), '')) AS customer
    FROM payments
    WHERE list_contains($failed, status) AND created_at >= $since AND created_at < $to
),
found AS (
    SELECT *, CASE WHEN charged THEN 'captured_but_failed' ELSE 'failed' END AS finding
    FROM marked
    WHERE charged OR NOT captured
)
