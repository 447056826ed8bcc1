-- Grain: one row. Cost: every payment of the range.
SELECT count(*) AS count
FROM transactions
WHERE created_at >= $from AND created_at < $to
    AND ($status IS NULL OR status = $status)
    AND ($part IS NULL OR email LIKE '%' || $part || '%')
