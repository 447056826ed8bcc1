-- Goes on from payments.sql. Grain: one row an outage and payment begun in it that was not captured.
-- Tables: outages (outage, start_at, end_at). Parameters: $failed, $open: statuses. ``paid_at`` is
-- the first capture within 24 hours of it by the same customer: one of the two addresses, as it was
-- typed or as PayPal has it, is the same. Cost: the payments of the range and a day after it.
, tried AS (
    SELECT outages.outage, payments.*
    FROM payments
    JOIN outages
        ON payments.created_at >= outages.start_at AND payments.created_at < outages.end_at
    WHERE
        NOT payments.captured
        AND (list_contains($failed, status) OR list_contains($open, status))
),
addresses AS (
    SELECT DISTINCT transaction_id, created_at, lower(trim(email)) AS address FROM tried
    UNION
    SELECT DISTINCT transaction_id, created_at, lower(trim(payer_email)) FROM tried
),
captures AS (
    SELECT captured_at, lower(trim(email)) AS address FROM payments WHERE captured
    UNION
    SELECT captured_at, lower(trim(payer_email)) FROM payments WHERE captured
),
paid AS (
    SELECT addresses.transaction_id, min(captures.captured_at) AS paid_at
    FROM addresses
    JOIN captures ON captures.address = addresses.address
    WHERE
        addresses.address <> ''
        AND captures.captured_at > addresses.created_at
        AND captures.captured_at <= addresses.created_at + INTERVAL 24 HOURS
    GROUP BY addresses.transaction_id
)
SELECT
    tried.outage,
    tried.transaction_id,
    tried.created_at,
    tried.status,
    tried.email,
    tried.payer_email,
    coalesce(nullif(lower(trim(payer_email)), ''), nullif(lower(trim(email)), '')) AS customer,
    tried.captured_amount AS amount,
    tried.currency,
    tried.error_message,
    paid.paid_at
FROM tried
LEFT JOIN paid ON paid.transaction_id = tried.transaction_id
ORDER BY tried.outage, tried.created_at, tried.transaction_id
LIMIT $limit
