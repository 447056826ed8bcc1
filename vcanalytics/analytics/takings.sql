-- Goes on from payments.sql. Grain: one row a step of time (UTC) in which money was captured.
-- Parameters: $from, $to (by captured_at), $currency, $step_us: length of a step, from $from on.
-- Money is summed as whole ten-thousandths. Cost: as payments.sql.
SELECT
    make_timestamptz(
        epoch_us($from) + (epoch_us(captured_at) - epoch_us($from)) // $step_us * $step_us
    ) AS step_start,
    count(*) AS captured,
    CAST(
        sum(CAST(CAST(coalesce(captured_amount, 0) AS DECIMAL(38, 4)) * 10000 AS HUGEINT)) AS DECIMAL(34, 0)
    ) * CAST(0.0001 AS DECIMAL(4, 4)) AS gross
FROM payments
WHERE captured AND currency = $currency AND captured_at >= $from AND captured_at < $to
GROUP BY step_start
ORDER BY step_start
