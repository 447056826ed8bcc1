-- The opening of the feed where the books say when what was refunded: feed.sql goes on from here.
-- Tables: transactions (current rows), refunds (transaction_id, refunded_at). Parameter: $samples, a
-- regular expression for ids of samples, or NULL. Cost: the rows that the relation brings.
WITH payments AS (
    SELECT *
    FROM transactions
    WHERE NOT deleted AND NOT coalesce(regexp_matches(transaction_id, $samples), false)
)
