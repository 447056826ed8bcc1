-- Goes on from payments.sql. Grain: one row a currency and captured amount.
-- Parameters: $from, $to (by captured_at). Cost: as payments.sql.
SELECT
    currency,
    captured_amount AS amount,
    count(*) AS captured,
    CAST(sum(coalesce(captured_amount, 0)) AS DECIMAL(38, 4)) AS gross
FROM payments
WHERE captured AND captured_at >= $from AND captured_at < $to
GROUP BY currency, captured_amount
