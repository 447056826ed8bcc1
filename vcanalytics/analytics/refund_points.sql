-- Goes on from payments.sql. Grain: one row a captured amount of one currency; the most often refunded
-- first. Parameters: $from, $to (by captured_at), $currency, $limit. Cost: one pass over the payments
-- captured in the range, of which four columns are read.
SELECT
    captured_amount AS amount,
    count(*) AS captured,
    count(*) FILTER (WHERE status = 'refunded') AS refunded,
    CAST(
        coalesce(sum(captured_amount) FILTER (WHERE status = 'refunded'), 0) AS DECIMAL(38, 4)
    ) AS refunds
FROM payments
WHERE captured AND captured_at >= $from AND captured_at < $to AND currency = $currency
GROUP BY captured_amount
ORDER BY refunded DESC, captured DESC, captured_amount
LIMIT $limit
