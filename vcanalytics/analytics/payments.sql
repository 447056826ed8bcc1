-- The opening of every question about payments; the question goes on with ", name AS (" or SELECT.
-- Tables: transactions and disputes (current rows, deleted ones too). Parameter: $samples, a regular
-- expression for ids of samples, or NULL. Cost: one pass over the current rows; 100,000 take 10 ms.
--   payments  every payment that stands at the source and is no sample
--   refunds   those of them that are refunded, with refunded_at, the moment of the refund (contract):
--             resolved_at of the case the metadata names, else of the first resolved case, else when
--             it was first seen as refunded, else completed_at, else created_at
WITH payments AS (
    SELECT *
    FROM transactions
    WHERE NOT deleted AND NOT coalesce(regexp_matches(transaction_id, $samples), false)
),
resolved_cases AS (
    SELECT case_id, transaction_id, resolved_at
    FROM disputes
    WHERE NOT deleted AND resolved_at IS NOT NULL
),
first_cases AS (
    SELECT transaction_id, min(resolved_at) AS resolved_at
    FROM resolved_cases
    GROUP BY transaction_id
),
refunds AS (
    SELECT
        payments.transaction_id,
        payments.currency,
        payments.captured_amount,
        coalesce(
            named.resolved_at,
            first_cases.resolved_at,
            payments.refund_seen_at,
            payments.completed_at,
            payments.created_at
        ) AS refunded_at
    FROM payments
    LEFT JOIN resolved_cases AS named ON named.case_id = payments.refund_case_id
    LEFT JOIN first_cases ON first_cases.transaction_id = payments.transaction_id
    WHERE payments.status = 'refunded'
)
