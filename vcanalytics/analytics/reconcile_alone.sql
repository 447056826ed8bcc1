-- Grain: one row a payment that by its own row may stand in captured_but_failed, paid_not_mailed,
-- paid_no_account or stuck: their conditions in reconcile.sql, without ages but that of the last.
-- Table: transactions (newest versions). Parameters: $captured_error as there; $since: open ones
-- begun before are abandoned. Cost: one pass over the rows.
SELECT *
FROM transactions
WHERE
    NOT deleted
    AND (
        (status = 'completed' AND NOT (coalesce(email_sent, true) AND coalesce(user_created, true)))
        OR (status IN ('failed', 'error') AND regexp_full_match(error_message, $captured_error))
        OR (status IN ('pending', 'awaiting_payment') AND created_at >= $since)
    )
