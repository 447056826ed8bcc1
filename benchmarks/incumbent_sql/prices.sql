-- Grain: one row a price. Cost: the payments of the range.
SELECT amount, count(*) AS captured, sum(amount) AS gross
FROM transactions
WHERE status IN ('completed', 'refunded') AND created_at >= $from AND created_at < $to
GROUP BY amount
ORDER BY captured DESC
LIMIT 50
