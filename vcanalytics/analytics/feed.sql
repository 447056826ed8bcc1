-- Goes on from payments.sql or feed_booked.sql. Grain: one row an event of a payment. Table besides: failures
-- (transaction_id, observed_at: when it was seen failing; the source keeps no time of it).
-- Parameters: $since, $until (bound every question for the newest: unbounded it reads all of
-- history), $failed: statuses, $limit. Cost: the files of payments that anything happened to since.
, events AS (
    SELECT transaction_id, created_at AS happened_at, 'begun' AS what, 1 AS step FROM payments
    UNION ALL
    SELECT transaction_id, captured_at, 'captured', 2 FROM payments WHERE captured
    UNION ALL
    SELECT
        payments.transaction_id,
        coalesce(failures.observed_at, payments.completed_at, payments.created_at),
        'failed',
        3
    FROM payments
    LEFT JOIN failures ON failures.transaction_id = payments.transaction_id
    WHERE payments.status IN $failed AND NOT payments.captured
    UNION ALL
    SELECT transaction_id, refunded_at, 'refunded', 4 FROM refunds
)
SELECT
    events.happened_at,
    events.what,
    payments.transaction_id,
    payments.status,
    payments.email,
    payments.payer_email,
    payments.captured_amount AS amount,
    payments.currency,
    payments.error_message
FROM events
JOIN payments ON payments.transaction_id = events.transaction_id
WHERE events.happened_at >= $since AND events.happened_at < $until
ORDER BY events.happened_at DESC, payments.source_id DESC, events.step DESC
LIMIT $limit
