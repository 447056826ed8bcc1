-- The payments of ours that PayPal's payments name: by its id, else by the number it was given.
-- Grain: one row a payment of PayPal's and each payment of ours that it names. Tables: transactions
-- (transaction_id, deleted, paypal_payment_id), paypal (n, id, invoice, custom: its payments), ids.
-- Parameter: $samples. Cost: 750,000 rows and 1 M payments 2 s.
WITH payments AS (
    SELECT transaction_id, paypal_payment_id
    FROM transactions
    WHERE NOT deleted AND NOT coalesce(regexp_matches(transaction_id, $samples), false)
),
by_id AS (
    SELECT paypal.n, payments.transaction_id
    FROM paypal
    JOIN ids ON ids.paypal_id = paypal.id
    JOIN payments ON payments.transaction_id = ids.transaction_id
    UNION
    SELECT paypal.n, payments.transaction_id
    FROM paypal
    JOIN payments ON payments.paypal_payment_id = paypal.id
),
numbered AS (
    SELECT n, invoice AS number FROM paypal WHERE invoice IS NOT NULL
    UNION
    SELECT n, custom FROM paypal WHERE custom IS NOT NULL
)
SELECT n, transaction_id FROM by_id
UNION ALL
SELECT numbered.n, payments.transaction_id
FROM numbered
ANTI JOIN by_id ON by_id.n = numbered.n
JOIN payments ON payments.transaction_id = numbered.number
