-- Goes on from payments.sql: what PayPal's rows and ours differ in. Definitions: docs/paypal.md.
-- Grain: one row a finding of a payment. Tables: paypal (PayPal's rows: columns of
-- paypal.imports.ROWS, n, and address, lower case), pairs (paypal_pairs.sql), ids (transaction_id,
-- paypal_id), addresses (transaction_id, email, payer_email), cover (first_at, last_at: the times
-- that imports cover, less their edges). What is passed on is narrow: of a million payments none is
-- carried whole. Parameters: $twice, an interval; $from and $to: findings of these times, or NULL;
-- $order; $limit. Cost: 750,000 rows of PayPal's and 1 M payments 3 s.
, mine AS (
    SELECT
        transaction_id,
        status,
        captured,
        captured_at,
        captured_amount,
        coalesce(captured_amount, amount_column) AS amount,
        currency
    FROM payments
),
theirs AS (
    SELECT n, id, state, happened_at, currency, gross, address FROM paypal WHERE kind = 'payment'
),
matched AS (
    SELECT pairs.transaction_id, theirs.n, theirs.id, theirs.state, theirs.happened_at
    FROM pairs
    JOIN theirs ON theirs.n = pairs.n
    WHERE pairs.sure
),
ambiguous AS (
    SELECT n, string_agg(transaction_id, ', ' ORDER BY transaction_id) AS ours, max(many) AS many
    FROM pairs
    WHERE NOT sure
    GROUP BY n
),
-- A refund names its payment; the end of a chargeback names the chargeback.
given AS (
    SELECT back.n, back.happened_at, back.gross, back.id, back.currency,
        coalesce(of_refund.reference, back.reference, back.id) AS of_id
    FROM paypal AS back
    LEFT JOIN paypal AS of_refund
        ON of_refund.id = back.reference AND of_refund.kind = 'refund'
    WHERE back.kind = 'refund' AND back.state = 'done'
),
given_back AS (
    SELECT
        of_id,
        sum(-gross) AS back,
        max(happened_at) AS happened_at,
        arg_min(n, id) AS n,
        min(id) AS id,
        min(currency) AS currency,
        count(DISTINCT currency) AS currencies
    FROM given
    GROUP BY of_id
),
sole_ids AS (
    SELECT paypal_id, min(transaction_id) AS transaction_id
    FROM ids
    GROUP BY paypal_id
    HAVING count(*) = 1
),
-- Of what was given back: our payment, by the row at PayPal, else by its id alone.
returned AS (
    SELECT
        given_back.*,
        coalesce(matched.transaction_id, sole_ids.transaction_id) AS transaction_id,
        theirs.id IS NOT NULL AS row_known
    FROM given_back
    LEFT JOIN theirs ON theirs.id = given_back.of_id
    LEFT JOIN matched ON matched.id = given_back.of_id
    LEFT JOIN sole_ids ON sole_ids.paypal_id = given_back.of_id AND theirs.id IS NULL
),
returned_here AS (
    SELECT
        transaction_id,
        sum(back) AS back,
        min(currency) AS currency,
        count(DISTINCT currency) + max(currencies) - 1 AS currencies
    FROM returned
    WHERE transaction_id IS NOT NULL
    GROUP BY transaction_id
),
done AS (
    SELECT
        transaction_id,
        n,
        happened_at,
        row_number() OVER (PARTITION BY transaction_id ORDER BY happened_at, id) AS nth,
        count(*) OVER (PARTITION BY transaction_id) AS of_them
    FROM matched
    WHERE state = 'done'
),
in_a_row AS (
    SELECT
        theirs.n,
        theirs.happened_at,
        lag(theirs.id) OVER same AS before_id,
        lag(theirs.happened_at) OVER same AS before_at
    FROM theirs
    LEFT JOIN given_back ON given_back.of_id = theirs.id
    WHERE theirs.state = 'done' AND coalesce(given_back.back, 0) < theirs.gross AND address <> ''
    WINDOW same AS (
        PARTITION BY address, theirs.currency, theirs.gross ORDER BY theirs.happened_at, theirs.id
    )
),
twice AS (
    SELECT * FROM in_a_row WHERE happened_at <= before_at + $twice
),
found AS (
    SELECT
        'unknown_here' AS finding,
        theirs.n,
        CAST(NULL AS VARCHAR) AS transaction_id,
        CAST(NULL AS DECIMAL(38, 4)) AS paypal_amount,
        CAST(NULL AS VARCHAR) AS code,
        theirs.happened_at,
        CASE WHEN given_back.back >= theirs.gross THEN '; given back at PayPal' END AS detail
    FROM theirs
    ANTI JOIN pairs ON pairs.n = theirs.n
    LEFT JOIN given_back ON given_back.of_id = theirs.id
    WHERE theirs.state = 'done'
    UNION ALL
    SELECT 'not_captured', done.n, mine.transaction_id, NULL, NULL, done.happened_at,
        'here it is ' || mine.status
    FROM done
    JOIN mine ON mine.transaction_id = done.transaction_id
    WHERE NOT mine.captured AND done.nth = 1
    UNION ALL
    SELECT 'captured_twice', n, transaction_id, NULL, NULL, happened_at,
        nth || ' of ' || of_them || ' rows at PayPal of this payment'
    FROM done
    WHERE nth > 1
    UNION ALL
    SELECT 'charged_twice', twice.n, matched.transaction_id, NULL, NULL, twice.happened_at,
        'the same amount ' || date_diff('second', before_at, twice.happened_at) || ' s after '
        || before_id
    FROM twice
    LEFT JOIN matched ON matched.n = twice.n
    LEFT JOIN done ON done.n = twice.n
    WHERE coalesce(done.nth, 1) = 1
    UNION ALL
    SELECT 'unknown_there', NULL, mine.transaction_id, NULL, NULL, mine.captured_at,
        'captured here, in no import that covers its time'
    FROM mine
    ANTI JOIN pairs ON pairs.transaction_id = mine.transaction_id
    WHERE mine.captured
        AND EXISTS (
            SELECT 1
            FROM cover
            WHERE mine.captured_at >= cover.first_at AND mine.captured_at < cover.last_at
        )
    UNION ALL
    SELECT 'not_completed', matched.n, mine.transaction_id, NULL, NULL, matched.happened_at, NULL
    FROM matched
    JOIN mine ON mine.transaction_id = matched.transaction_id
    ANTI JOIN done ON done.transaction_id = matched.transaction_id
    WHERE mine.captured AND matched.state <> 'done'
    UNION ALL
    SELECT 'amount_differs', done.n, mine.transaction_id, NULL, NULL, done.happened_at,
        CASE
            WHEN mine.captured_amount IS NULL THEN 'no readable amount here'
            WHEN mine.currency <> theirs.currency THEN 'in ' || mine.currency || ' here'
            ELSE 'the amount differs'
        END
    FROM done
    JOIN theirs ON theirs.n = done.n
    JOIN mine ON mine.transaction_id = done.transaction_id
    WHERE mine.captured
        AND (
            mine.captured_amount IS NULL
            OR mine.captured_amount <> theirs.gross
            OR mine.currency <> theirs.currency
        )
    UNION ALL
    SELECT 'refund_unknown_here', returned.n, mine.transaction_id, returned.back,
        returned.currency, returned.happened_at,
        CASE
            WHEN returned.of_id = returned.id THEN 'it names no payment'
            WHEN mine.transaction_id IS NULL
                THEN 'of ' || returned.of_id || ', which is in no import'
            WHEN returned.back < mine.captured_amount THEN 'in part; here it is ' || mine.status
            ELSE 'here it is ' || mine.status
        END
    FROM returned
    LEFT JOIN mine ON mine.transaction_id = returned.transaction_id
    WHERE returned.back > 0
        AND (mine.status <> 'refunded' OR (mine.status IS NULL AND NOT returned.row_known))
    UNION ALL
    SELECT 'refund_unknown_there', done.n, refunds.transaction_id, NULL, NULL,
        refunds.refunded_at, 'refunded here, in no import that covers its time'
    FROM refunds
    JOIN done ON done.transaction_id = refunds.transaction_id AND done.nth = 1
    LEFT JOIN returned_here ON returned_here.transaction_id = refunds.transaction_id
    WHERE coalesce(returned_here.back, 0) <= 0
        AND EXISTS (
            SELECT 1
            FROM cover
            WHERE refunds.refunded_at >= cover.first_at AND refunds.refunded_at < cover.last_at
        )
    UNION ALL
    SELECT 'refund_differs', done.n, refunds.transaction_id, returned_here.back,
        returned_here.currency, refunds.refunded_at, 'refunded here as a whole'
    FROM refunds
    JOIN returned_here ON returned_here.transaction_id = refunds.transaction_id
    JOIN done ON done.transaction_id = refunds.transaction_id AND done.nth = 1
    WHERE returned_here.back > 0
        AND (
            returned_here.back IS DISTINCT FROM refunds.captured_amount
            OR returned_here.currency <> refunds.currency
            OR returned_here.currencies > 1
        )
    UNION ALL
    SELECT 'fee_differs', paypal.n, matched.transaction_id, NULL, NULL, paypal.happened_at,
        'gross and fee do not come to net'
    FROM paypal
    LEFT JOIN matched ON matched.n = paypal.n
    WHERE paypal.state = 'done' AND paypal.kind IN ('payment', 'refund', 'fee')
        AND paypal.gross + paypal.fee <> paypal.net
    UNION ALL
    SELECT 'ambiguous', theirs.n, NULL, NULL, NULL, theirs.happened_at,
        CASE
            WHEN ambiguous.many > 1 THEN 'could be any of ' || ambiguous.ours
            ELSE 'other rows at PayPal fit ' || ambiguous.ours || ' as well'
        END
    FROM ambiguous
    JOIN theirs ON theirs.n = ambiguous.n
),
wanted AS (
    SELECT *
    FROM found
    WHERE ($from IS NULL OR happened_at >= $from) AND ($to IS NULL OR happened_at < $to)
    ORDER BY list_position($order, finding), happened_at DESC, n, transaction_id
    LIMIT $limit
)
SELECT
    wanted.finding,
    paypal.id AS paypal_id,
    wanted.transaction_id,
    coalesce(paypal.payer, addresses.payer_email, addresses.email) AS email,
    coalesce(wanted.paypal_amount, paypal.gross) AS paypal_amount,
    CASE
        WHEN wanted.finding = 'fee_differs' THEN paypal.net
        WHEN mine.captured THEN mine.captured_amount
        ELSE mine.amount
    END AS amount,
    coalesce(wanted.code, paypal.currency, mine.currency) AS currency,
    CASE
        WHEN wanted.finding = 'fee_differs' THEN paypal.currency ELSE mine.currency
    END AS amount_currency,
    paypal.fee,
    wanted.happened_at,
    CASE wanted.finding
        WHEN 'unknown_here' THEN paypal.type || coalesce(wanted.detail, '')
        WHEN 'not_completed' THEN 'at PayPal it is ' || paypal.status
        ELSE wanted.detail
    END AS detail
FROM wanted
LEFT JOIN paypal ON paypal.n = wanted.n
LEFT JOIN mine ON mine.transaction_id = wanted.transaction_id
LEFT JOIN addresses ON addresses.transaction_id = wanted.transaction_id
ORDER BY list_position($order, wanted.finding), wanted.happened_at DESC, wanted.n,
    wanted.transaction_id
