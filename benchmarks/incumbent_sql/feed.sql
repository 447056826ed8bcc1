-- Grain: one row a payment, the newest. Cost: the end of an index.
SELECT created_at, transaction_id, status, email, amount, error_message
FROM transactions
WHERE created_at < $to
ORDER BY created_at DESC
LIMIT 7
