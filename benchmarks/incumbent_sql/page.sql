-- Grain: one row a payment, the newest. Cost: the end of an index, more where few pass the filters.
SELECT transaction_id, created_at, completed_at, status, email, amount, currency, error_message
FROM transactions
WHERE created_at >= $from AND created_at < $to
    AND ($status IS NULL OR status = $status)
    AND ($part IS NULL OR email LIKE '%' || $part || '%')
ORDER BY created_at DESC
LIMIT 17
