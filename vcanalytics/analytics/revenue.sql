-- Goes on from revenue_rows.sql or revenue_cells.sql. Grain: one row a window and currency, also where
-- nothing happened. Tables: windows (window_start, window_end, window_label, first_bucket,
-- next_bucket, complete), made in Python with the zone database; currencies (currency, unit: a minor
-- unit in ten-thousandths), those to show. Cost: 1,000 windows 10 ms.
, figures AS (
    SELECT
        windows.*,
        currencies.currency,
        currencies.unit,
        coalesce(happened.attempts, 0) AS attempts,
        coalesce(happened.attempts_captured, 0) AS attempts_captured,
        coalesce(happened.failed, 0) AS failed,
        coalesce(happened.captured, 0) AS captured,
        coalesce(happened.gross, 0) AS gross,
        coalesce(happened.refunded, 0) AS refunded,
        coalesce(happened.refunds, 0) AS refunds
    FROM windows
    CROSS JOIN currencies
    LEFT JOIN happened
        ON happened.window_start = windows.window_start
        AND happened.currency = currencies.currency
),
divided AS (
    SELECT
        *,
        abs(gross) // nullif(captured * unit, 0) AS whole,
        abs(gross) % nullif(captured * unit, 0) AS rest
    FROM figures
),
averaged AS (
    SELECT
        *,
        -- Half-even: a rest of exactly one half goes to the even neighbour.
        sign(gross) * unit * (whole + CASE
            WHEN 2 * rest > captured * unit THEN 1
            WHEN 2 * rest = captured * unit THEN whole % 2
            ELSE 0
        END) AS average
    FROM divided
)
SELECT
    window_start,
    window_end,
    window_label,
    currency,
    CAST(attempts AS BIGINT) AS attempts,
    CAST(captured AS BIGINT) AS captured,
    CAST(refunded AS BIGINT) AS refunded,
    CAST(failed AS BIGINT) AS failed,
    CAST(gross AS DECIMAL(34, 0)) * CAST(0.0001 AS DECIMAL(4, 4)) AS gross,
    CAST(refunds AS DECIMAL(34, 0)) * CAST(0.0001 AS DECIMAL(4, 4)) AS refunds,
    CAST(gross - refunds AS DECIMAL(34, 0)) * CAST(0.0001 AS DECIMAL(4, 4)) AS net,
    CAST(average AS DECIMAL(34, 0)) * CAST(0.0001 AS DECIMAL(4, 4)) AS average,
    CASE WHEN attempts > 0 THEN CAST(attempts_captured AS DOUBLE) / attempts END AS success_rate,
    complete,
    CAST(attempts_captured AS BIGINT) AS attempts_captured
FROM averaged
ORDER BY window_start, currency
