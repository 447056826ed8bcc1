-- Goes on from failures_named.sql. Grain: one row a payment of a pattern, the newest first.
-- Parameters: $finding, $pattern, $limit.
SELECT
    transaction_id, created_at, status, email, payer_email, captured_amount AS amount, currency,
    customer, error_message
FROM named
WHERE finding = $finding AND pattern = $pattern
ORDER BY created_at DESC, source_id DESC
LIMIT $limit
