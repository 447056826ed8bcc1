-- Goes on from payments.sql. Grain: one row a finding and payment (a case without a refund: one a
-- case). Table besides: throwaway (domain). Parameters: $from, $to (by created_at; NULL: open),
-- $as_of: the moment ages are measured at; $grace, $stuck, $abandoned: ages as intervals;
-- $captured_error: regular expression for whole messages, or NULL; $currency: that of the limits
-- of suspicious amounts (contract: above 1,000, at most 0.01). Cost: 100,000 payments 60 ms.
, in_range AS (
    SELECT *
    FROM payments
    WHERE ($from IS NULL OR created_at >= $from) AND ($to IS NULL OR created_at < $to)
),
attempts AS (
    SELECT
        transaction_id,
        created_at,
        lag(created_at, 3) OVER run AS third_before,
        lag(created_at, 2) OVER run AS second_before,
        lag(created_at, 1) OVER run AS before,
        lead(created_at, 1) OVER run AS after,
        lead(created_at, 2) OVER run AS second_after,
        lead(created_at, 3) OVER run AS third_after
    FROM payments
    WHERE trim(email) <> ''
    WINDOW run AS (PARTITION BY lower(trim(email)) ORDER BY created_at, transaction_id)
),
-- Attempts that belong to a run of at least four, the last of them within an hour of the first.
bursts AS (
    SELECT transaction_id
    FROM attempts
    WHERE
        created_at - third_before <= INTERVAL 1 HOUR
        OR after - second_before <= INTERVAL 1 HOUR
        OR second_after - before <= INTERVAL 1 HOUR
        OR third_after - created_at <= INTERVAL 1 HOUR
),
suspects AS (
    SELECT
        in_range.*,
        concat_ws(
            '; ',
            CASE
                WHEN in_range.currency <> $currency THEN NULL
                WHEN captured_amount > 1000 THEN 'the amount is above 1,000'
                WHEN captured_amount <= 0.01 THEN 'the amount is 0.01 or less'
            END,
            CASE WHEN bursts.transaction_id IS NOT NULL
                THEN 'more than 3 attempts within an hour by ' || lower(trim(email))
            END,
            CASE
                WHEN typed.domain IS NOT NULL THEN 'throw-away address at ' || typed.domain
                WHEN payer.domain IS NOT NULL THEN 'throw-away address at ' || payer.domain
            END
        ) AS reasons
    FROM in_range
    LEFT JOIN bursts ON bursts.transaction_id = in_range.transaction_id
    LEFT JOIN throwaway AS typed
        ON typed.domain = lower(regexp_extract(trim(in_range.email), '[^@]*$'))
    LEFT JOIN throwaway AS payer
        ON payer.domain = lower(regexp_extract(trim(in_range.payer_email), '[^@]*$'))
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
    SELECT 8, 'refund_without_case', transaction_id, refunded_at,
        'refunded, and no dispute case of this payment is known'
    FROM in_range
    WHERE
        status = 'refunded'
        AND NOT EXISTS (
            SELECT 1
            FROM disputes
            WHERE disputes.transaction_id = in_range.transaction_id AND NOT disputes.deleted
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
    SELECT 10, 'suspicious', transaction_id, created_at, reasons
    FROM suspects
    WHERE reasons <> ''
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
