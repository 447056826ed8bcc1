-- Which payment of PayPal's is which of ours. Grain: one row a payment of PayPal's and each of ours
-- that it could be. Of those that nothing names: by customer, amount and time. Tables: named (n,
-- transaction_id), paypal (n, state, happened_at, address, currency, gross: its payments),
-- transactions. Parameters: $samples; $apart, how far times may lie apart. Columns: n,
-- transaction_id, many (how many of ours it could be), sure: it is the one, and what was found by
-- customer is no other's. Cost: 750,000 rows and 1 M payments 2 s.
WITH left_there AS (
    SELECT * FROM paypal ANTI JOIN named ON named.n = paypal.n WHERE state <> 'void'
),
left_here AS (
    SELECT
        transactions.transaction_id,
        lower(trim(email)) AS typed,
        lower(trim(payer_email)) AS payer,
        coalesce(captured_amount, amount_column) AS amount,
        currency,
        coalesce(captured_at, created_at) AS moment
    FROM transactions
    ANTI JOIN named ON named.transaction_id = transactions.transaction_id
    WHERE NOT deleted
        AND NOT coalesce(regexp_matches(transactions.transaction_id, $samples), false)
),
addressed AS (
    SELECT transaction_id, payer AS address, amount, currency, moment FROM left_here
    UNION ALL
    SELECT transaction_id, typed, amount, currency, moment
    FROM left_here
    WHERE typed IS DISTINCT FROM payer
),
by_customer AS (
    SELECT left_there.n, addressed.transaction_id
    FROM addressed
    JOIN left_there
        ON left_there.address = addressed.address
        AND left_there.currency = addressed.currency
        AND left_there.gross = addressed.amount
    WHERE left_there.happened_at BETWEEN addressed.moment - $apart AND addressed.moment + $apart
),
candidates AS (
    SELECT n, transaction_id, FALSE AS guessed FROM named
    UNION ALL
    SELECT n, transaction_id, TRUE FROM by_customer
),
per_row AS (
    SELECT n, count(*) AS many FROM candidates GROUP BY n
),
per_payment AS (
    SELECT transaction_id, count(*) AS many FROM by_customer GROUP BY transaction_id
)
SELECT
    candidates.n,
    candidates.transaction_id,
    per_row.many,
    per_row.many = 1 AND (NOT candidates.guessed OR per_payment.many = 1) AS sure
FROM candidates
JOIN per_row ON per_row.n = candidates.n
LEFT JOIN per_payment ON per_payment.transaction_id = candidates.transaction_id
