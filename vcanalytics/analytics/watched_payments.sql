-- Goes on from payments.sql. Grain: one row a thing that happened, currency and step of time (UTC).
-- Parameters: $from, $to, $origin_us, $step_us: steps are counted from the origin on; $failed, $open:
-- statuses; $captured_error: regular expression for whole messages, or NULL; $grace, $stuck: ages at
-- which a finding becomes one, as intervals. Cost: the payments of the range; 10,000 take 10 ms.
, happened AS (
    SELECT 'attempts' AS what, created_at AS moment, currency, captured_amount FROM payments
    UNION ALL
    SELECT 'failed', created_at, currency, captured_amount
    FROM payments
    WHERE status IN $failed AND NOT captured
    UNION ALL
    SELECT 'captured', captured_at, currency, captured_amount FROM payments WHERE captured
    UNION ALL
    SELECT 'stuck', created_at + $stuck, currency, captured_amount
    FROM payments
    WHERE status IN $open
    UNION ALL
    SELECT 'paid_not_mailed', captured_at + $grace, currency, captured_amount
    FROM payments
    WHERE status = 'completed' AND NOT email_sent
    UNION ALL
    SELECT 'paid_no_account', captured_at + $grace, currency, captured_amount
    FROM payments
    WHERE status = 'completed' AND NOT user_created
    UNION ALL
    SELECT 'captured_but_failed', created_at, currency, captured_amount
    FROM payments
    WHERE status IN ('failed', 'error') AND regexp_full_match(error_message, $captured_error)
)
SELECT
    what,
    currency,
    (epoch_us(moment) - $origin_us) // $step_us AS bucket,
    count(*) AS count,
    sum(captured_amount) AS amount
FROM happened
WHERE moment >= $from AND moment < $to
GROUP BY what, currency, bucket
ORDER BY what, currency, bucket
