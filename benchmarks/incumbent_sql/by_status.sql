-- Grain: one row a status. Cost: the payments of the range, by the index of created_at.
SELECT status, count(*) AS count
FROM transactions
WHERE created_at >= $from AND created_at < $to
GROUP BY status
ORDER BY count DESC, status
