-- Goes on from payments.sql. Grain: one row an outage and payment captured in it whose mail did not
-- go out: none is marked as sent, or one to an address of it failed or came back within the outage.
-- Tables: outages (outage, start_at, end_at), mails (newest versions). Parameter: $limit. Cost: the
-- payments and mails of the range.
, returned AS (
    SELECT DISTINCT outages.outage, lower(trim(mails.recipient_email)) AS address
    FROM mails
    JOIN outages
        ON mails.created_at >= outages.start_at AND mails.created_at < outages.end_at
    WHERE
        NOT mails.deleted
        AND trim(mails.recipient_email) <> ''
        AND (mails.status IN ('failed', 'bounced') OR mails.bounced_at IS NOT NULL)
),
captured AS (
    SELECT
        outages.outage,
        payments.*,
        lower(trim(payments.email)) AS typed,
        lower(trim(payments.payer_email)) AS payer
    FROM payments
    JOIN outages
        ON payments.captured_at >= outages.start_at AND payments.captured_at < outages.end_at
    WHERE payments.status = 'completed'
)
SELECT
    outage,
    transaction_id,
    created_at,
    status,
    email,
    payer_email,
    coalesce(nullif(payer, ''), nullif(typed, '')) AS customer,
    captured_amount AS amount,
    currency,
    error_message,
    CAST(NULL AS TIMESTAMPTZ) AS paid_at
FROM captured
WHERE
    NOT coalesce(email_sent, true)
    OR EXISTS (
        SELECT 1
        FROM returned
        WHERE returned.outage = captured.outage AND returned.address = captured.payer
    )
    OR EXISTS (
        SELECT 1
        FROM returned
        WHERE returned.outage = captured.outage AND returned.address = captured.typed
    )
ORDER BY outage, created_at, transaction_id
LIMIT $limit
