-- Grain: one row a mail of the payment $id: one that names it, or a mail of the purchase flow, which
-- names none. That one belongs to the payment of the same address that was captured last before it
-- was queued; where none was yet, to the one captured first after it, as far as clocks differ.
-- Tables: mails, near (those of them queued around the capture), payments (those captured around
-- it), the newest version of each. Parameters: $before_us, $after_us: how long before and after a
-- capture such a mail is queued. Cost: one pass over the ids of payments that mails name, which are
-- mostly empty.
WITH own AS (
    SELECT captured_at, lower(trim(email)) AS email, lower(trim(payer_email)) AS payer_email
    FROM payments
    WHERE transaction_id = $id AND captured
),
unnamed AS (
    SELECT
        near.source_id,
        lower(trim(near.recipient_email)) AS address,
        epoch_us(near.created_at) AS queued_us
    FROM near
    JOIN own
        ON lower(trim(near.recipient_email)) IN (own.email, own.payer_email)
        AND epoch_us(near.created_at) - epoch_us(own.captured_at)
        BETWEEN -CAST($before_us AS BIGINT) AND $after_us
    WHERE NOT near.deleted AND coalesce(near.transaction_id, '') = ''
),
claims AS (
    SELECT
        unnamed.source_id,
        payments.transaction_id,
        row_number() OVER (
            PARTITION BY unnamed.source_id
            ORDER BY
                epoch_us(payments.captured_at) > unnamed.queued_us,
                abs(unnamed.queued_us - epoch_us(payments.captured_at)),
                payments.transaction_id
        ) AS place
    FROM unnamed
    JOIN payments
        ON unnamed.address IN (lower(trim(payments.email)), lower(trim(payments.payer_email)))
        AND unnamed.queued_us - epoch_us(payments.captured_at)
        BETWEEN -CAST($before_us AS BIGINT) AND $after_us
    WHERE payments.captured
)
SELECT *, true AS named FROM mails WHERE NOT deleted AND transaction_id = $id
UNION ALL
SELECT *, false AS named
FROM near
WHERE source_id IN (SELECT source_id FROM claims WHERE place = 1 AND transaction_id = $id)
ORDER BY created_at, source_id
