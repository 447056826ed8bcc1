-- The opening of every question about payments; the question goes on with ", name AS (" or SELECT.
-- Tables: transactions and disputes (current rows, deleted ones too). Parameter: $samples, a regular
-- expression for ids of samples, or NULL. Cost: the rows
-- that the relation brings.
--   payments  every payment that stands at the source and is no sample
--   refunds   those of them that are refunded, with refunded_at, the moment of the refund (contract):
--             resolved_at of the case the metadata names, else of the first resolved case, else when
--             it was first seen as refunded, else completed_at, else created_at
WITH payments AS (
    SELECT *
    FROM transactions
    WHERE NOT deleted AND NOT coalesce(regexp_matches(transaction_id, $samples), false)
),
refunded AS (
    SELECT * FROM payments WHERE status = 'refunded'
),
named_cases AS (
    SELECT refunded.transaction_id, disputes.resolved_at
    FROM disputes
    JOIN refunded ON refunded.refund_case_id = disputes.case_id
    WHERE NOT disputes.deleted AND disputes.resolved_at IS NOT NULL
),
first_cases AS (
    SELECT disputes.transaction_id, min(disputes.resolved_at) AS resolved_at
    FROM disputes
    JOIN refunded ON refunded.transaction_id = disputes.transaction_id
    WHERE NOT disputes.deleted AND disputes.resolved_at IS NOT NULL
    GROUP BY disputes.transaction_id
),
refunds AS (
    SELECT
        refunded.transaction_id,
        refunded.currency,
        refunded.captured_amount,
        coalesce(
            named_cases.resolved_at,
            first_cases.resolved_at,
            refunded.refund_seen_at,
            refunded.completed_at,
            refunded.created_at
        ) AS refunded_at
    FROM refunded
    LEFT JOIN named_cases ON named_cases.transaction_id = refunded.transaction_id
    LEFT JOIN first_cases ON first_cases.transaction_id = refunded.transaction_id
)
