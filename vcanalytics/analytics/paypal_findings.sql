-- Goes on from payments.sql: what PayPal's rows and ours differ in. Definitions: docs/paypal.md.
-- Grain: one row a finding of a payment. Tables: paypal (PayPal's rows: columns of paypal.imports.ROWS),
-- ids (transaction_id, paypal_id), cover (first_at, last_at: the times that imports cover, less
-- their edges). Parameters: $apart and $twice, intervals; $from and $to: findings of these times, or
-- NULL; $limit. Cost: 1 M rows of PayPal's and 1 M payments 4 s.
, mine AS (
    SELECT
        transaction_id,
        email,
        payer_email,
        lower(trim(email)) AS typed,
        lower(trim(payer_email)) AS payer,
        paypal_payment_id,
        status,
        captured,
        captured_at,
        captured_amount,
        coalesce(captured_amount, amount_column) AS amount,
        currency,
        coalesce(captured_at, created_at) AS moment
    FROM payments
),
theirs AS (
    SELECT *, lower(trim(paypal.payer)) AS address FROM paypal WHERE kind = 'payment'
),
-- By PayPal's id; else by the number that PayPal was given; else by customer, amount and time. The
-- first of these that finds any payment decides.
by_id AS (
    SELECT theirs.id, mine.transaction_id
    FROM theirs
    JOIN ids ON ids.paypal_id = theirs.id
    JOIN mine ON mine.transaction_id = ids.transaction_id
    UNION
    SELECT theirs.id, mine.transaction_id
    FROM theirs
    JOIN mine ON mine.paypal_payment_id = theirs.id
),
by_number AS (
    SELECT theirs.id, mine.transaction_id
    FROM theirs
    ANTI JOIN by_id ON by_id.id = theirs.id
    JOIN mine ON mine.transaction_id = theirs.invoice
    UNION
    SELECT theirs.id, mine.transaction_id
    FROM theirs
    ANTI JOIN by_id ON by_id.id = theirs.id
    JOIN mine ON mine.transaction_id = theirs.custom
),
named AS (
    SELECT id, transaction_id FROM by_id
    UNION ALL
    SELECT id, transaction_id FROM by_number
),
left_there AS (
    SELECT * FROM theirs ANTI JOIN named ON named.id = theirs.id WHERE state <> 'void'
),
left_here AS (
    SELECT * FROM mine ANTI JOIN named ON named.transaction_id = mine.transaction_id
),
by_customer AS (
    SELECT left_there.id, left_here.transaction_id
    FROM left_there
    JOIN left_here
        ON left_here.payer = left_there.address
        AND left_here.currency = left_there.currency
        AND left_here.amount = left_there.gross
    WHERE left_there.happened_at BETWEEN left_here.moment - $apart AND left_here.moment + $apart
    UNION
    SELECT left_there.id, left_here.transaction_id
    FROM left_there
    JOIN left_here
        ON left_here.typed = left_there.address
        AND left_here.currency = left_there.currency
        AND left_here.amount = left_there.gross
    WHERE left_there.happened_at BETWEEN left_here.moment - $apart AND left_here.moment + $apart
),
candidates AS (
    SELECT id, transaction_id, FALSE AS guessed FROM named
    UNION ALL
    SELECT id, transaction_id, TRUE FROM by_customer
),
counted AS (
    SELECT
        *,
        count(*) OVER (PARTITION BY id) AS payments,
        count(*) OVER (PARTITION BY transaction_id) AS rows_there
    FROM candidates
),
-- What was found by customer holds only where neither side has another.
matched AS (
    SELECT counted.transaction_id, counted.guessed, theirs.*
    FROM counted
    JOIN theirs ON theirs.id = counted.id
    WHERE payments = 1 AND (NOT guessed OR rows_there = 1)
),
ambiguous AS (
    SELECT id, string_agg(transaction_id, ', ' ORDER BY transaction_id) AS ours, max(payments) AS many
    FROM counted
    WHERE NOT (payments = 1 AND (NOT guessed OR rows_there = 1))
    GROUP BY id
),
-- A refund names its payment; the end of a chargeback names the chargeback.
given AS (
    SELECT back.happened_at, back.gross, back.id, back.currency, back.payer,
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
        min(id) AS id,
        min(currency) AS currency,
        count(DISTINCT currency) AS currencies,
        min(payer) AS payer
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
        matched.*,
        row_number() OVER (PARTITION BY transaction_id ORDER BY happened_at, id) AS nth,
        count(*) OVER (PARTITION BY transaction_id) AS of_them
    FROM matched
    WHERE state = 'done'
),
in_a_row AS (
    SELECT
        theirs.*,
        lag(theirs.id) OVER same AS before_id,
        lag(theirs.happened_at) OVER same AS before_at
    FROM theirs
    LEFT JOIN given_back ON given_back.of_id = theirs.id
    WHERE theirs.state = 'done' AND coalesce(given_back.back, 0) < theirs.gross AND address <> ''
    WINDOW same AS (PARTITION BY address, theirs.currency, theirs.gross ORDER BY theirs.happened_at, theirs.id)
),
found AS (
    SELECT
        'unknown_here' AS finding,
        theirs.id AS paypal_id,
        CAST(NULL AS VARCHAR) AS transaction_id,
        theirs.payer AS email,
        theirs.gross AS paypal_amount,
        CAST(NULL AS DECIMAL(18, 4)) AS amount,
        theirs.currency,
        CAST(NULL AS VARCHAR) AS our_currency,
        theirs.fee,
        theirs.happened_at,
        CASE
            WHEN given_back.back >= theirs.gross THEN theirs.type || '; given back at PayPal'
            ELSE theirs.type
        END AS detail
    FROM theirs
    ANTI JOIN candidates ON candidates.id = theirs.id
    LEFT JOIN given_back ON given_back.of_id = theirs.id
    WHERE theirs.state = 'done'
    UNION ALL
    SELECT
        'not_captured', done.id, mine.transaction_id, done.payer, done.gross, mine.amount,
        done.currency, mine.currency, done.fee, done.happened_at, 'here it is ' || mine.status
    FROM done
    JOIN mine ON mine.transaction_id = done.transaction_id
    WHERE NOT mine.captured AND done.nth = 1
    UNION ALL
    SELECT
        'captured_twice', done.id, mine.transaction_id, done.payer, done.gross,
        mine.captured_amount, done.currency, mine.currency, done.fee, done.happened_at,
        done.nth || ' of ' || done.of_them || ' rows at PayPal of this payment'
    FROM done
    JOIN mine ON mine.transaction_id = done.transaction_id
    WHERE done.nth > 1
    UNION ALL
    SELECT
        'charged_twice', in_a_row.id, matched.transaction_id, in_a_row.payer, in_a_row.gross, NULL,
        in_a_row.currency, NULL, in_a_row.fee, in_a_row.happened_at,
        'the same amount ' || date_diff('second', before_at, in_a_row.happened_at) || ' s after ' || before_id
    FROM in_a_row
    LEFT JOIN matched ON matched.id = in_a_row.id
    LEFT JOIN done ON done.id = in_a_row.id
    WHERE in_a_row.happened_at <= before_at + $twice AND coalesce(done.nth, 1) = 1
    UNION ALL
    SELECT
        'unknown_there', NULL, mine.transaction_id, coalesce(mine.payer_email, mine.email), NULL,
        mine.captured_amount, mine.currency, mine.currency, NULL, mine.captured_at,
        'captured here, in no import that covers its time'
    FROM mine
    ANTI JOIN candidates ON candidates.transaction_id = mine.transaction_id
    WHERE mine.captured
        AND EXISTS (
            SELECT 1
            FROM cover
            WHERE mine.captured_at >= cover.first_at AND mine.captured_at < cover.last_at
        )
    UNION ALL
    SELECT
        'not_completed', matched.id, mine.transaction_id, matched.payer, matched.gross,
        mine.captured_amount, matched.currency, mine.currency, matched.fee, matched.happened_at,
        'at PayPal it is ' || matched.status
    FROM matched
    JOIN mine ON mine.transaction_id = matched.transaction_id
    ANTI JOIN done ON done.transaction_id = matched.transaction_id
    WHERE mine.captured AND matched.state <> 'done'
    UNION ALL
    SELECT
        'amount_differs', done.id, mine.transaction_id, done.payer, done.gross,
        mine.captured_amount, done.currency, mine.currency, done.fee, done.happened_at,
        CASE
            WHEN mine.captured_amount IS NULL THEN 'no readable amount here'
            WHEN mine.currency <> done.currency THEN 'in ' || mine.currency || ' here'
            ELSE 'the amount differs'
        END
    FROM done
    JOIN mine ON mine.transaction_id = done.transaction_id
    WHERE mine.captured
        AND (
            mine.captured_amount IS NULL
            OR mine.captured_amount <> done.gross
            OR mine.currency <> done.currency
        )
    UNION ALL
    SELECT
        'refund_unknown_here', returned.id, mine.transaction_id, returned.payer, returned.back,
        mine.captured_amount, returned.currency, mine.currency, NULL, returned.happened_at,
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
    SELECT
        'refund_unknown_there', done.id, mine.transaction_id, done.payer, done.gross,
        mine.captured_amount, done.currency, mine.currency, done.fee, refunds.refunded_at,
        'refunded here, in no import that covers its time'
    FROM refunds
    JOIN mine ON mine.transaction_id = refunds.transaction_id
    JOIN done ON done.transaction_id = refunds.transaction_id AND done.nth = 1
    LEFT JOIN returned_here ON returned_here.transaction_id = refunds.transaction_id
    WHERE coalesce(returned_here.back, 0) <= 0
        AND EXISTS (
            SELECT 1
            FROM cover
            WHERE refunds.refunded_at >= cover.first_at AND refunds.refunded_at < cover.last_at
        )
    UNION ALL
    SELECT
        'refund_differs', done.id, mine.transaction_id, done.payer, returned_here.back,
        mine.captured_amount, returned_here.currency, mine.currency, done.fee, refunds.refunded_at,
        'refunded here as a whole'
    FROM refunds
    JOIN mine ON mine.transaction_id = refunds.transaction_id
    JOIN returned_here ON returned_here.transaction_id = refunds.transaction_id
    JOIN done ON done.transaction_id = refunds.transaction_id AND done.nth = 1
    WHERE returned_here.back > 0
        AND (
            returned_here.back <> mine.captured_amount
            OR returned_here.currency <> mine.currency
            OR returned_here.currencies > 1
        )
    UNION ALL
    SELECT
        'fee_differs', paypal.id, matched.transaction_id, paypal.payer, paypal.gross, paypal.net,
        paypal.currency, paypal.currency, paypal.fee, paypal.happened_at, 'gross and fee do not come to net'
    FROM paypal
    LEFT JOIN matched ON matched.id = paypal.id
    WHERE paypal.state = 'done' AND paypal.kind IN ('payment', 'refund', 'fee')
        AND paypal.gross + paypal.fee <> paypal.net
    UNION ALL
    SELECT
        'ambiguous', theirs.id, NULL, theirs.payer, theirs.gross, NULL, theirs.currency, NULL,
        theirs.fee, theirs.happened_at,
        CASE
            WHEN ambiguous.many > 1 THEN 'could be any of ' || ambiguous.ours
            ELSE 'other rows at PayPal fit ' || ambiguous.ours || ' as well'
        END
    FROM ambiguous
    JOIN theirs ON theirs.id = ambiguous.id
)
SELECT * FROM found
WHERE ($from IS NULL OR happened_at >= $from) AND ($to IS NULL OR happened_at < $to)
ORDER BY list_position($order, finding), happened_at DESC, paypal_id, transaction_id
LIMIT $limit
