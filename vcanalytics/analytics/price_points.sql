-- Goes on from payments.sql. Grain: one row a captured amount of one currency.
-- Parameters: $from, $to (by captured_at), $currency, $limit. Cost: as payments.sql.
SELECT
    captured_amount AS amount,
    count(*) AS captured,
    CAST(sum(coalesce(captured_amount, 0)) AS DECIMAL(38, 4)) AS gross,
    CAST(count(*) AS DOUBLE) / sum(count(*)) OVER () AS share
FROM payments
WHERE captured AND currency = $currency AND captured_at >= $from AND captured_at < $to
GROUP BY captured_amount
ORDER BY captured DESC, amount NULLS LAST
LIMIT $limit
