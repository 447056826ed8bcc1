-- Grain: one row a payment of a run of at least four attempts by one address, the last of them
-- within an hour of the first. Tables: transactions (newest versions), eager (buyer). Parameters:
-- $samples. Cost: one pass over the addresses, and the order of eager buyers' attempts.
WITH attempts AS (
    SELECT
        transactions.transaction_id,
        lower(trim(transactions.email)) AS address,
        epoch_us(transactions.created_at) AS begun_us
    FROM transactions
    JOIN eager ON eager.buyer = hash(lower(trim(transactions.email)))
    WHERE
        NOT transactions.deleted
        AND NOT coalesce(regexp_matches(transactions.transaction_id, $samples), false)
),
runs AS (
    SELECT
        *,
        lead(begun_us, 3) OVER (PARTITION BY address ORDER BY begun_us, transaction_id) - begun_us
            <= 3600000000 AS begins_burst
    FROM attempts
    WHERE address <> ''
),
bursts AS (
    SELECT
        transaction_id,
        max(CASE WHEN begins_burst THEN 1 ELSE 0 END) OVER (
            PARTITION BY address ORDER BY begun_us, transaction_id
            ROWS BETWEEN 3 PRECEDING AND CURRENT ROW
        ) AS in_burst
    FROM runs
)
SELECT transaction_id FROM bursts WHERE in_burst = 1
