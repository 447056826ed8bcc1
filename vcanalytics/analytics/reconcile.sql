-- Goes on from payments.sql. Grain: one row a finding and payment (a case without a refund: one a
-- case). Tables: transactions and disputes (candidates, as reconcile_candidates.sql finds them, and
-- all cases), bursts (transaction_id: payments of a buyer with more than 3 attempts within an hour),
-- throwaway (domain). Parameters: $from, $to (by created_at; NULL: open), $as_of: the moment ages
-- are measured at; $grace, $stuck, $abandoned: ages as intervals; $captured_error: regular
-- expression for whole messages, or NULL; $currency: that of the limits of suspicious amounts
-- (contract: above 1,000, at most 0.01). Cost: that of the findings.
, in_range AS (
    SELECT *, lower(trim(email)) AS address
    FROM payments
    WHERE ($from IS NULL OR created_at >= $from) AND ($to IS NULL OR created_at < $to)
),
reasons AS (
    SELECT
        transaction_id,
        1 AS rank,
        CASE WHEN captured_amount > 1000
            THEN 'the amount is above 1,000' ELSE 'the amount is 0.01 or less'
        END AS reason
    FROM in_range
    WHERE currency = $currency AND (captured_amount > 1000 OR captured_amount <= 0.01)
    UNION ALL
    SELECT transaction_id, 2, 'more than 3 attempts within an hour by ' || address
    FROM in_range
    WHERE transaction_id IN (SELECT transaction_id FROM bursts)
    UNION ALL
    SELECT transaction_id, 3, 'throw-away address at ' || throwaway.domain
    FROM in_range
    JOIN throwaway ON throwaway.domain = split_part(in_range.address, '@', -1)
    UNION ALL
    SELECT transaction_id, 4, 'payer with a throw-away address at ' || throwaway.domain
    FROM in_range
    JOIN throwaway ON throwaway.domain = lower(split_part(in_range.payer_email, '@', -1))
),
found AS (
    SELECT 1 AS rank, 'paid_not_mailed' AS finding, transaction_id, captured_at AS since,
        'completed, and no mail is marked as sent' AS detail
    FROM in_range
    WHERE status = 'completed' AND NOT email_sent AND captured_at < $as_of - $grace
    UNION ALL
    SELECT 2, 'paid_no_account', transaction_id, captured_at,
        'completed, and no account is marked as made'
    FROM in_range
    WHERE status = 'completed' AND NOT user_created AND captured_at < $as_of - $grace
    UNION ALL
    SELECT 3, 'captured_but_failed', transaction_id, created_at, error_message
    FROM in_range
    WHERE status IN ('failed', 'error') AND regexp_full_match(error_message, $captured_error)
    UNION ALL
    SELECT 4, 'stuck', transaction_id, created_at, status
    FROM in_range
    WHERE
        status IN ('pending', 'awaiting_payment')
        AND created_at < $as_of - $stuck
        AND created_at >= $as_of - $abandoned
    UNION ALL
    SELECT 5, 'abandoned', transaction_id, created_at, status
    FROM in_range
    WHERE status IN ('pending', 'awaiting_payment') AND created_at < $as_of - $abandoned
    UNION ALL
    SELECT 6, 'amount_missing', transaction_id, created_at,
        coalesce(notes, 'the amount column is empty')
    FROM in_range
    WHERE amount_column IS NULL
    UNION ALL
    SELECT 7, 'amount_mismatch', transaction_id, coalesce(captured_at, created_at),
        concat(
            'the row says ', regexp_replace(CAST(amount_column AS VARCHAR), '0{1,2}$', ''), ' ',
            currency_column, ', the payment ',
            regexp_replace(CAST(amount_metadata AS VARCHAR), '0{1,2}$', ''), ' ', currency_metadata
        )
    FROM in_range
    WHERE amount_column <> amount_metadata
        OR (amount_column = amount_metadata AND currency_column <> currency_metadata)
    UNION ALL
    SELECT 8, 'refund_without_case', refunds.transaction_id, refunds.refunded_at,
        'refunded, and no dispute case of this payment is known'
    FROM refunds
    JOIN in_range ON in_range.transaction_id = refunds.transaction_id
    WHERE NOT EXISTS (
        SELECT 1
        FROM disputes
        WHERE disputes.transaction_id = refunds.transaction_id AND NOT disputes.deleted
    )
    UNION ALL
    SELECT 9, 'case_without_refund', in_range.transaction_id,
        coalesce(disputes.resolved_at, disputes.created_at),
        concat('case ', case_id, ' is ', disputes.status, ', the payment ', in_range.status)
    FROM in_range
    JOIN disputes ON disputes.transaction_id = in_range.transaction_id
    WHERE
        NOT disputes.deleted
        AND disputes.status IN ('resolved', 'lost')
        AND in_range.status <> 'refunded'
    UNION ALL
    SELECT 10, 'suspicious', in_range.transaction_id, any_value(in_range.created_at),
        string_agg(reasons.reason, '; ' ORDER BY reasons.rank)
    FROM reasons
    JOIN in_range ON in_range.transaction_id = reasons.transaction_id
    GROUP BY in_range.transaction_id
    UNION ALL
    SELECT 11, 'sample_row', transaction_id, created_at, status
    FROM transactions
    WHERE
        NOT deleted
        AND coalesce(regexp_matches(transaction_id, $samples), false)
        AND ($from IS NULL OR created_at >= $from)
        AND ($to IS NULL OR created_at < $to)
)
SELECT
    found.finding,
    found.transaction_id,
    transactions.email,
    transactions.payer_email,
    transactions.captured_amount AS amount,
    transactions.currency,
    found.since,
    found.detail
FROM found
JOIN transactions ON transactions.transaction_id = found.transaction_id
ORDER BY found.rank, found.since, found.transaction_id, found.detail
