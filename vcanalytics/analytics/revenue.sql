-- Goes on from payments.sql. Grain: one row a window and currency, also where nothing happened.
-- Tables: windows (window_start, window_end, window_label, first_bucket, next_bucket, complete),
-- made in Python with the zone database; currencies (currency, unit: a minor unit in
-- ten-thousandths), those to show. Parameters: $from, $to: only events in [$from, $to) count;
-- $bucket_us: length of a bucket in microseconds UTC, of which every edge is a multiple; $failed:
-- statuses. Money is summed as whole ten-thousandths. Cost: 100,000 payments 30 ms.
, events AS (
    SELECT
        currency,
        epoch_us(created_at) // $bucket_us AS bucket,
        count(*) AS attempts,
        count(*) FILTER (WHERE captured) AS attempts_captured,
        count(*) FILTER (WHERE NOT captured AND status IN $failed) AS failed,
        0 AS captured,
        CAST(0 AS HUGEINT) AS gross,
        0 AS refunded,
        CAST(0 AS HUGEINT) AS refunds
    FROM payments
    WHERE created_at >= $from AND created_at < $to
    GROUP BY currency, bucket
    UNION ALL
    SELECT
        currency,
        epoch_us(captured_at) // $bucket_us AS bucket,
        0,
        0,
        0,
        count(*),
        sum(CAST(coalesce(captured_amount, 0) * 10000 AS HUGEINT)),
        0,
        0
    FROM payments
    WHERE captured AND captured_at >= $from AND captured_at < $to
    GROUP BY currency, bucket
    UNION ALL
    SELECT
        currency,
        epoch_us(refunded_at) // $bucket_us AS bucket,
        0,
        0,
        0,
        0,
        0,
        count(*),
        sum(CAST(coalesce(captured_amount, 0) * 10000 AS HUGEINT))
    FROM refunds
    WHERE refunded_at >= $from AND refunded_at < $to
    GROUP BY currency, bucket
),
-- Each event falls into the window that began last before it: a running maximum over both in one
-- order finds it in one sort, where a join on "between two edges" took ten times as long.
marks AS (
    SELECT bucket, currency, attempts, attempts_captured, failed, captured, gross, refunded, refunds,
        NULL AS first_bucket
    FROM events
    UNION ALL
    SELECT first_bucket, NULL, 0, 0, 0, 0, 0, 0, 0, first_bucket FROM windows
),
placed AS (
    SELECT *, max(first_bucket) OVER (ORDER BY bucket) AS begun_with FROM marks
),
happened AS (
    SELECT
        windows.window_start,
        placed.currency,
        sum(attempts) AS attempts,
        sum(attempts_captured) AS attempts_captured,
        sum(failed) AS failed,
        sum(captured) AS captured,
        sum(gross) AS gross,
        sum(refunded) AS refunded,
        sum(refunds) AS refunds
    FROM placed
    JOIN windows
        ON windows.first_bucket = placed.begun_with AND placed.bucket < windows.next_bucket
    WHERE placed.currency IS NOT NULL
    GROUP BY windows.window_start, placed.currency
),
figures AS (
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
